using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class JournalTests : MigrationTests
{
    private const string Change = "UPDATE schema_versions SET checksum = repeat('0', 64) WHERE version = 2";

    [Test]
    public async Task The_journal_records_role_script_and_tool()
    {
        await StartAtAsync(1);

        var version = (await Migrator().ReadHistoryAsync(Token)).Versions[0];
        var role = await ScalarAsync<string>("SELECT current_user::text");
        var age = await ScalarAsync<TimeSpan>("SELECT clock_timestamp() - applied_at FROM schema_versions");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((version.Version, version.Name, version.State), Is.EqualTo((1, "0001_initial_schema", VersionState.Applied)));
            Assert.That(version.Checksum, Is.EqualTo(SchemaMigrator.Scripts[0].Checksum));
            Assert.That(version.AppliedBy, Is.EqualTo(role));
            Assert.That(version.ToolVersion, Does.Match(@"^\d+\.\d+\.\d+"));
            Assert.That(version.Duration, Is.GreaterThanOrEqualTo(TimeSpan.Zero));
            Assert.That(version.AppliedAt?.Offset, Is.EqualTo(TimeSpan.Zero));
            Assert.That(age, Is.InRange(TimeSpan.Zero, TimeSpan.FromMinutes(5)));
        }
    }

    [Test]
    public async Task Times_are_correct_in_any_time_zone_of_the_server()
    {
        await ExecuteAsync($"ALTER DATABASE {Database.Name} SET timezone = 'Asia/Kolkata'");
        await Migrator().UpgradeAsync(MigrationTarget.Version(1), cancellationToken: Token);

        var reported = (await Migrator().ReadHistoryAsync(Token)).Versions[0].AppliedAt!.Value;

        Assert.That(await ScalarAsync<double>("SELECT extract(epoch FROM applied_at)::float8 FROM schema_versions"),
            Is.EqualTo((reported - DateTimeOffset.UnixEpoch).TotalSeconds).Within(0.0001));
    }

    [Test]
    public async Task A_changed_script_stops_the_upgrade_and_is_named()
    {
        await StartAtAsync(3);
        await ExecuteAsync(Change);
        var before = await CatalogAsync();

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!;

        await AssertNothingHappenedAsync(failure, MigrationError.ScriptChanged, "0002_runtime_models.sql", before);
    }

    [Test]
    public async Task A_changed_script_stops_the_downgrade_and_is_named()
    {
        await StartAtAsync(3);
        await ExecuteAsync(Change);
        var before = await CatalogAsync();

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator().DowngradeAsync(MigrationTarget.Base, cancellationToken: Token))!;

        await AssertNothingHappenedAsync(failure, MigrationError.ScriptChanged, "0002_runtime_models.sql", before);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_schema_of_a_newer_package_is_not_changed(bool up)
    {
        await StartAtAsync(3);
        await ExecuteAsync("INSERT INTO schema_versions VALUES (9001, '9001_from_the_future', repeat('0', 64), now(), 1, 'ada', '9.0.0')");
        var before = await CatalogAsync();

        var failure = Assert.ThrowsAsync<MigrationException>(() => up
            ? Migrator().UpgradeAsync(cancellationToken: Token)
            : Migrator().DowngradeAsync(MigrationTarget.Base, cancellationToken: Token))!;

        await AssertNothingHappenedAsync(failure, MigrationError.SchemaNewer, "9001_from_the_future", before);
    }

    [Test]
    public async Task A_gap_in_the_journal_stops_the_upgrade()
    {
        await StartAtAsync(3);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 2");
        var before = await CatalogAsync();

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!;

        await AssertNothingHappenedAsync(failure, MigrationError.SchemaNewer, "0002_runtime_models", before);
    }

    [Test]
    public async Task Reading_the_history_of_an_empty_database_creates_nothing()
    {
        var history = await Migrator().ReadHistoryAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((history.CurrentVersion, history.HeadVersion, history.IsUpToDate), Is.EqualTo((0, Head, false)));
            Assert.That(history.Versions.Select(version => version.State), Is.All.EqualTo(VersionState.Pending));
            Assert.That(history.Versions.Select(version => version.AppliedAt), Is.All.Null);
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
            Assert.That(await CatalogAsync(), Is.Empty);
        }
    }

    [Test]
    public async Task The_history_lists_applied_pending_changed_and_unknown_versions()
    {
        await StartAtAsync(3);
        await ExecuteAsync(Change);
        await ExecuteAsync("INSERT INTO schema_versions VALUES (9001, '9001_from_the_future', 'abc', now(), 1500, 'ada', '9.0.0')");

        var history = await Migrator().ReadHistoryAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(history.CurrentVersion, Is.EqualTo(9001));
            Assert.That(history.IsUpToDate, Is.False);
            Assert.That(history.Versions.Take(4).Select(version => version.State),
                Is.EqualTo(new[] { VersionState.Applied, VersionState.Changed, VersionState.Applied, VersionState.Pending }));
            Assert.That(history.Versions[^1] with { AppliedAt = null }, Is.EqualTo(new VersionStatus(
                9001, "9001_from_the_future", VersionState.Unknown, "abc", null, TimeSpan.FromSeconds(1.5), "ada", "9.0.0")));
        }
    }

    [Test]
    public async Task A_database_is_up_to_date_only_at_head()
    {
        await StartAtAsync(Head - 1);
        var before = await Migrator().ReadHistoryAsync(Token);
        await Migrator().UpgradeAsync(cancellationToken: Token);
        var after = await Migrator().ReadHistoryAsync(Token);
        await ExecuteAsync(Change);
        var changed = await Migrator().ReadHistoryAsync(Token);

        Assert.That((before.IsUpToDate, after.IsUpToDate, changed.IsUpToDate), Is.EqualTo((false, true, false)));
    }

    [Test]
    public async Task A_second_upgrade_applies_nothing()
    {
        var first = await Migrator().UpgradeAsync(cancellationToken: Token);
        var second = await Migrator().UpgradeAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Steps.Select(step => step.FileName), Is.EqualTo(SchemaMigrator.Scripts.Select(script => script.Up.FileName)));
            Assert.That(first.Steps.Select(step => step.Sql), Is.EqualTo(SchemaMigrator.Scripts.Select(script => script.Up.Sql)));
            Assert.That((second.FromVersion, second.ToVersion, second.Steps.Count), Is.EqualTo((Head, Head, 0)));
        }
    }

    [TestCase(true, "1")]
    [TestCase(true, "-1")]
    [TestCase(true, "9999")]
    [TestCase(true, "base")]
    [TestCase(false, "4")]
    [TestCase(false, "+1")]
    [TestCase(false, "-4")]
    [TestCase(false, "head")]
    public async Task A_target_in_the_wrong_direction_or_out_of_range_is_refused(bool up, string text)
    {
        await StartAtAsync(3);
        Assert.That(MigrationTarget.TryParse(text, out var target), Is.True);

        var failure = Assert.ThrowsAsync<MigrationException>(() => up
            ? Migrator().UpgradeAsync(target, cancellationToken: Token)
            : Migrator().DowngradeAsync(target, cancellationToken: Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.TargetInvalid));
        Assert.That(await AppliedAsync(), Has.Count.EqualTo(3));
    }

    private async Task AssertNothingHappenedAsync(
        MigrationException failure, MigrationError error, string named, IReadOnlyList<string> before)
    {
        var after = await CatalogAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(error));
            Assert.That(failure.Message, Does.Contain(named));
            Assert.That(failure.Result, Is.Null);
            Assert.That(after, Is.EqualTo(before));
        }
    }

    [Test]
    public async Task A_role_that_may_not_create_the_journal_gets_an_error()
    {
        var role = $"reader_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'reader'");
        try
        {
            await ExecuteAsync("REVOKE CREATE ON SCHEMA public FROM public");
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = "reader" };

            Assert.That(
                () => new SchemaMigrator(connection.ConnectionString).UpgradeAsync(cancellationToken: Token),
                Throws.TypeOf<MigrationException>().With.Property(nameof(MigrationException.Error)).EqualTo(MigrationError.Obstacles)
                    .And.Message.Contains($"GRANT CREATE ON SCHEMA public TO {role};"));
            Assert.That(
                () => new SchemaMigrator(connection.ConnectionString, new SchemaMigratorOptions { IgnoreObstacles = true })
                    .UpgradeAsync(cancellationToken: Token),
                Throws.TypeOf<MigrationException>().With.Message.Contains("schema_versions").And.Message.Contains("42501"));
        }
        finally
        {
            await ExecuteAsync($"DROP ROLE {role}");
        }
    }
}
