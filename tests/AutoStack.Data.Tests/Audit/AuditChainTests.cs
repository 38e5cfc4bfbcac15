using AutoStack.Data.Audit;
using AutoStack.Data.Integrity;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Audit;

/// <summary>The seals of the audit log, and its partitions; each test has a database of its own.</summary>
public sealed class AuditChainTests
{
    // Whoever may switch the triggers off.
    private const string Past = "SET session_replication_role = replica; ";

    private TestDatabase database = null!;
    private NpgsqlDataSource raw = null!;
    private ServiceProvider host = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    private IAuditMaintenance Audit => host.GetRequiredService<IAuditMaintenance>();

    [SetUp]
    public async Task CreateAsync()
    {
        database = await TestServer.Current.CreateDatabaseAsync();
        await new SchemaMigrator(database.ConnectionString).UpgradeAsync(MigrationTarget.Head.In("audit"), cancellationToken: Token);
        raw = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false });
        host = new ServiceCollection()
            .AddAutoStackData(options => LibraryConnection.Set(options, database.ConnectionString))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        await ExecuteAsync("""
            INSERT INTO users (name, email, created_at, updated_at)
            SELECT 'Ada ' || n, 'ada' || n || '@example.com', now(), now() FROM generate_series(1, 9) n
            """);
    }

    [TearDown]
    public async Task DropAsync()
    {
        await host.DisposeAsync();
        await raw.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task A_run_seals_every_entry_that_is_not_sealed()
    {
        var before = await Audit.FindStatusAsync(Token);
        var first = await Audit.MaintainAsync(Token);
        await ExecuteAsync("UPDATE users SET name = 'Ada'");
        var between = await Audit.FindStatusAsync(Token);
        var second = await Audit.MaintainAsync(Token);
        var third = await Audit.MaintainAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((before.Seals!.Number, before.Seals.SealedAt, before.Seals.Hash), Is.EqualTo((0L, (DateTimeOffset?)null, "")));
            Assert.That((first.Seals!.Number, first.Seals.UntilSeq), Is.EqualTo((1L, 9L)));
            Assert.That(first.Seals.UnsealedSince, Is.Null);
            Assert.That(between.Seals!.UnsealedSince, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(10)));
            Assert.That((second.Seals!.Number, second.Seals.UntilSeq), Is.EqualTo((2L, 18L)));
            Assert.That(third.Seals, Is.EqualTo(second.Seals));
            Assert.That(await Audit.FindSealAsync(2, Token), Is.EqualTo(second.Seals.Hash).And.Match("^[0-9a-f]{64}$"));
            Assert.That(await Audit.FindSealAsync(3, Token), Is.Null);
            Assert.That(await VerifyAsync(), Is.EqualTo((4L, "")));
        }
    }

    [Test]
    public async Task Entries_before_a_mark_wait_for_every_transaction_that_was_under_way()
    {
        await using var first = await ChangeAsync(1);
        await ExecuteAsync("UPDATE users SET name = 'early' WHERE email = 'ada2@example.com'");
        await Audit.MaintainAsync(Token);
        var held = await Audit.MaintainAsync(Token);
        await using var second = await ChangeAsync(3);
        await CommitAsync(first);
        var marked = await Audit.MaintainAsync(Token);
        await CommitAsync(second);
        var all = await Audit.MaintainAsync(Token);

        Assert.That(held.Seals!.Number, Is.Zero, "the entry of the open transaction has a lower number than one that is committed");
        Assert.That((marked.Seals!.Number, marked.Seals.UntilSeq), Is.EqualTo((1L, 11L)), "the transaction of the mark has ended");
        Assert.That((all.Seals!.Number, all.Seals.UntilSeq), Is.EqualTo((2L, 12L)));
        Assert.That(await VerifyAsync(), Is.EqualTo((4L, "")));
    }

    [TestCase("UPDATE autostack_audit.changes SET actor = 'somebody' WHERE seq = 3", "seal 1: an entry was changed")]
    [TestCase("UPDATE autostack_audit.changes SET changed = '{}' WHERE seq = 12", "seal 2: an entry was changed")]
    [TestCase("UPDATE autostack_audit.changes SET role = actor, actor = role || '2' WHERE seq = 12", "seal 2: an entry was changed")]
    [TestCase("DELETE FROM autostack_audit.changes WHERE seq = 18", "seal 2: an entry was removed")]
    [TestCase("DELETE FROM autostack_audit.changes", "seal 1, seal 2: an entry was removed")]
    [TestCase("""
        INSERT INTO autostack_audit.changes (seq, at, actor, role, table_name, action, changed)
        SELECT seq, at + interval '1 us', actor, role, table_name, action, changed FROM autostack_audit.changes WHERE seq = 5
        """, "seal 1: an entry was added")]
    [TestCase("""
        INSERT INTO autostack_audit.changes (seq, at, actor, role, table_name, action, changed)
        SELECT seq, at + interval '40 days', actor, role, table_name, action, changed FROM autostack_audit.changes WHERE seq = 5
        """, "seal 1: an entry was added")]
    [TestCase("UPDATE autostack_audit.changes SET at = at - interval '40 days' WHERE seq = 5", "seal 1: an entry was removed")]
    [TestCase("UPDATE autostack_audit.changes SET seq = CASE seq WHEN 4 THEN 5 ELSE 4 END WHERE seq IN (4, 5)",
        "seal 1: an entry was changed")]
    [TestCase("UPDATE autostack_audit.seals SET sealed_at = sealed_at + interval '1 us' WHERE number = 1",
        "seal 1: a seal was changed")]
    [TestCase("UPDATE autostack_audit.seals SET entries = 8, until_seq = 8 WHERE number = 1",
        "seal 1, seal 2: a seal was changed; seal 1: an entry was changed")]
    [TestCase("DELETE FROM autostack_audit.seals WHERE number = 1", "seal 2: the seal before is missing")]
    public async Task What_somebody_changes_past_the_triggers_is_found(string sql, string expected)
    {
        await Audit.MaintainAsync(Token);
        await ExecuteAsync("UPDATE users SET name = 'Ada'");
        await Audit.MaintainAsync(Token);
        await Audit.MaintainAsync(Token);
        Assert.That(await VerifyAsync(), Is.EqualTo((4L, "")));

        await ExecuteAsync(Past + sql);

        Assert.That((await VerifyAsync()).Problems, Is.EqualTo(expected));
    }

    [Test]
    public async Task Months_older_than_the_setting_are_dropped_and_the_log_says_so()
    {
        await AgeAsync();
        await ExecuteAsync("UPDATE users SET name = 'Ada'");
        await Audit.MaintainAsync(Token);
        var before = await Audit.MaintainAsync(Token);
        await ExecuteAsync("UPDATE autostack_audit.audit_settings SET keep = '30 days'");

        var after = await Audit.MaintainAsync(Token);
        var again = await Audit.MaintainAsync(Token);
        var entries = (await host.GetRequiredService<IAuditLog>().ListAsync(AuditFilter.All, Cursor.Start, 100, Token)).Items;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                before.Partitions.Select(partition => partition.Until is null), Is.EqualTo(new[] { false, false, false, false, true }));
            Assert.That(after.Partitions, Has.Count.EqualTo(before.Partitions.Count - 1));
            Assert.That(after.Seals!.DroppedBefore, Is.EqualTo(before.Partitions[0].Until));
            Assert.That(after.Seals.Keep, Is.EqualTo(TimeSpan.FromDays(30)));
            Assert.That(again.Seals!.DroppedBefore, Is.EqualTo(after.Seals.DroppedBefore));
            Assert.That(entries.Select(entry => $"{entry.Table} {string.Join(' ', entry.Columns.Select(c => c.Name))}").Take(2),
                Is.EqualTo(new[] { "audit_settings dropped_before", "audit_settings keep" }));
            Assert.That(entries, Has.Count.EqualTo(11), "the entries of past months are gone");
            Assert.That((await VerifyAsync()).Problems, Is.Empty, "a month that was dropped is not missed");
        }

        // Somebody who removes a later month without the function is found.
        await ExecuteAsync($"DROP TABLE autostack_audit.{after.Partitions[0].Name}");
        Assert.That((await VerifyAsync()).Problems, Does.Contain("an entry was removed"));
    }

    [Test]
    public async Task A_month_with_entries_that_are_not_sealed_is_not_dropped()
    {
        await AgeAsync();
        await ExecuteAsync("SELECT create_audit_partitions()");
        await ExecuteAsync("UPDATE autostack_audit.audit_settings SET keep = '30 days'");
        await using var open = await ChangeAsync(1);

        var first = await Audit.MaintainAsync(Token);
        await CommitAsync(open);
        var second = await Audit.MaintainAsync(Token);

        Assert.That(first.Seals!.DroppedBefore, Is.Null);
        Assert.That(second.Seals!.DroppedBefore, Is.Not.Null);
    }

    [Test]
    public async Task Entries_without_a_partition_stay_where_they_are_and_their_place_becomes_a_partition()
    {
        await AgeAsync();
        await ExecuteAsync("UPDATE users SET name = 'Ada'");
        Assert.That((await Audit.FindStatusAsync(Token)).DaysAhead, Is.Zero);
        Assert.That(AuditFindings.Of(await Audit.FindStatusAsync(Token)).Select(f => f.Rule), Does.Contain("audit-ahead"));
        var file = await ScalarAsync<uint>("SELECT relfilenode FROM pg_class WHERE oid = 'autostack_audit.changes_default'::regclass");

        var status = await Audit.MaintainAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(status.DaysAhead, Is.GreaterThan(50));
            Assert.That(AuditFindings.Of(status).Select(f => f.Rule), Does.Not.Contain("audit-ahead"));
            Assert.That(
                await ScalarAsync<uint>(
                    $"SELECT relfilenode FROM pg_class WHERE oid = 'autostack_audit.{status.Partitions[1].Name}'::regclass"),
                Is.EqualTo(file), "no entry has moved");
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM autostack_audit.changes_default"), Is.Zero);
            Assert.That(await ScalarAsync<long>("SELECT count(*) FROM autostack_audit.changes"), Is.EqualTo(18));
            Assert.That(
                () => ExecuteAsync($"TRUNCATE autostack_audit.{status.Partitions[1].Name}"), Throws.InstanceOf<PostgresException>());
            Assert.That(
                () => ExecuteAsync($"DELETE FROM autostack_audit.{status.Partitions[2].Name}; DELETE FROM autostack_audit.changes"),
                Throws.InstanceOf<PostgresException>());
        }
    }

    [Test]
    public async Task A_log_that_nobody_seals_is_a_finding()
    {
        await ExecuteAsync(Past + "UPDATE autostack_audit.changes SET at = at - interval '25 hours'");

        Assert.That(AuditFindings.Of(await Audit.FindStatusAsync(Token)).Select(f => f.Rule), Is.EqualTo(new[] { "audit-unsealed" }));
        await Audit.MaintainAsync(Token);
        Assert.That(AuditFindings.Of(await Audit.MaintainAsync(Token)), Is.Empty);
    }

    [Test]
    public async Task Concurrent_runs_make_one_chain()
    {
        for (var round = 0; round < 5; round++)
        {
            var writer = ExecuteAsync("UPDATE users SET name = name || '.'");
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Audit.MaintainAsync(Token)).Append(writer));
        }

        await Audit.MaintainAsync(Token);
        var status = await Audit.MaintainAsync(Token);

        Assert.That(status.Seals!.UntilSeq, Is.EqualTo(9 + (5 * 9)));
        Assert.That((await VerifyAsync()).Problems, Is.Empty);
    }

    // A transaction that has changed a row, and is open.
    private async Task<NpgsqlConnection> ChangeAsync(int user)
    {
        var connection = await raw.OpenConnectionAsync(Token);
        await using var begin = new NpgsqlCommand(
            $"BEGIN; UPDATE users SET name = 'late' WHERE email = 'ada{user}@example.com'", connection);
        await begin.ExecuteNonQueryAsync(Token);
        return connection;
    }

    private static async Task CommitAsync(NpgsqlConnection connection)
    {
        await using var commit = new NpgsqlCommand("COMMIT", connection);
        await commit.ExecuteNonQueryAsync(Token);
    }

    // The first partition ends two months ago, its entries are of the past, and there is no later partition.
    private Task AgeAsync() => ExecuteAsync(Past + """
        DO $$
        DECLARE
            item record;
            past timestamp := date_trunc('month', timezone('UTC', now())) - interval '2 months';
            is_first boolean := TRUE;
        BEGIN
            UPDATE autostack_audit.changes SET at = at - interval '100 days';
            FOR item IN SELECT p.* FROM audit_partitions() p WHERE NOT p.is_default ORDER BY p.upper LOOP
                EXECUTE format('ALTER TABLE autostack_audit.changes DETACH PARTITION autostack_audit.%I', item.partition_name);
                IF is_first THEN
                    EXECUTE format('ALTER TABLE autostack_audit.%I RENAME TO changes_past', item.partition_name);
                    EXECUTE format('ALTER TABLE autostack_audit.changes ATTACH PARTITION autostack_audit.changes_past
                        FOR VALUES FROM (MINVALUE) TO (%L)', past);
                    is_first := FALSE;
                ELSE
                    EXECUTE format('DROP TABLE autostack_audit.%I', item.partition_name);
                END IF;
            END LOOP;
        END
        $$
        """);

    private async Task<(long Rows, string Problems)> VerifyAsync()
    {
        var result = await host.GetRequiredService<IDatabaseVerifier>().VerifyAsync(
            new VerificationOptions { Checks = ["audit-chain"] }, progress: null, Token);
        return (result.Checks.Single().Rows, string.Join("; ", result.Findings.Select(finding => Short(finding.Problem))));
    }

    // the audit log: an entry was removed, 2 times: seal 1, seal 2.
    private static string Short(string problem)
    {
        var parts = problem.TrimEnd('.').Split(": ");
        return $"{parts[2]}: {parts[1].Split(',')[0]}";
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = raw.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = raw.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }
}
