using System.Runtime.Versioning;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

[UnsupportedOSPlatform("windows")]
[Platform(Exclude = "Win")]
public sealed class PoolerTests : MigrationTests
{
    private const string Writable = "DO $$ BEGIN ASSERT current_setting('transaction_read_only') = 'off'; END $$";

    [TestCase(0, "pool_mode = transaction")]
    [TestCase(3, "pool_mode = transaction")]
    [TestCase(2, "pool_mode = transaction\nserver_round_robin = 1")]
    [TestCase(3, "pool_mode = transaction\nserver_round_robin = 1")]
    [TestCase(1, "pool_mode = transaction\ndefault_pool_size = 1")]
    [TestCase(0, "pool_mode = statement")]
    public async Task A_pooler_that_shares_sessions_is_refused_before_any_change(int idleSessions, string settings)
    {
        await using var bouncer = await PgBouncer.StartAsync(ConnectionString, settings, Token);
        await FillPoolAsync(bouncer, idleSessions);

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => new SchemaMigrator(bouncer.ConnectionString).UpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.PooledConnection));
            Assert.That(failure.Message, Does.Contain("PgBouncer").And.Contain("Connect to the server directly"));
            Assert.That(failure.Result, Is.Null);
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
            Assert.That(await ListAsync(
                "SELECT pid FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND datname = " +
                "current_database()"), Is.Empty);
        }
    }

    [Test]
    public async Task The_console_exits_with_6_behind_a_sharing_pooler()
    {
        await using var bouncer = await PgBouncer.StartAsync(ConnectionString, "pool_mode = transaction", Token);

        var run = await ConsoleRun.StartAsync(["upgrade", "--json"], connection: bouncer.ConnectionString, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(6));
            Assert.That(run.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("pooledConnection"));
            Assert.That(run.Error, Does.Contain("Connect to the server directly"));
        }
    }

    [Test]
    public async Task Reading_works_through_any_pooler()
    {
        await StartAtAsync(Head);
        await using var bouncer = await PgBouncer.StartAsync(ConnectionString, "pool_mode = transaction", Token);

        var history = await new SchemaMigrator(bouncer.ConnectionString).ReadHistoryAsync(Token);

        Assert.That(history.IsUpToDate, Is.True);
    }

    [TestCase("upgrade", "--dry-run")]
    [TestCase("upgrade", "--sql")]
    [TestCase("upgrade", "--rehearse", "--yes")]
    [TestCase("downgrade", "base", "--dry-run")]
    [TestCase("downgrade", "22", "--yes")]
    [TestCase("adopt", "--dry-run")]
    public async Task A_plan_leaves_a_session_mode_pooler_an_unchanged_session(params string[] args)
    {
        await StartAtAsync(Head);
        await using var bouncer = await PgBouncer.StartAsync(ConnectionString, "pool_mode = session\ndefault_pool_size = 2", Token);

        var run = await ConsoleRun.StartAsync(args, connection: bouncer.ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        await FillPoolAsync(bouncer, 2, Writable);
    }

    [TestCase("--dry-run")]
    [TestCase("--sql")]
    public async Task A_plan_does_not_make_a_shared_session_read_only(string option)
    {
        await using var bouncer = await PgBouncer.StartAsync(ConnectionString, "pool_mode = transaction", Token);
        await FillPoolAsync(bouncer, 2);

        var run = await ConsoleRun.StartAsync(["upgrade", option], connection: bouncer.ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(6));
        Assert.That(run.Error, Does.Contain("pooler"));
        await FillPoolAsync(bouncer, 2, Writable);
    }

    [Test]
    public async Task A_migration_through_a_session_mode_pooler_releases_the_lock()
    {
        await using var bouncer = await PgBouncer.StartAsync(ConnectionString, "pool_mode = session", Token);

        var up = await new SchemaMigrator(bouncer.ConnectionString).UpgradeAsync(cancellationToken: Token);
        var direct = await Migrator(new SchemaMigratorOptions { LockWait = TimeSpan.Zero })
            .DowngradeAsync(MigrationTarget.Base, cancellationToken: Token);

        Assert.That((up.ToVersion, direct.ToVersion), Is.EqualTo((Head, 0)));
    }

    [Test]
    public async Task Migrators_behind_a_session_mode_pooler_exclude_each_other()
    {
        await using var bouncer = await PgBouncer.StartAsync(ConnectionString, "pool_mode = session", Token);
        await using var obstacle = await HoldAsync("CREATE TABLE users ()");
        var first = new SchemaMigrator(bouncer.ConnectionString).UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();

        var failure = Assert.ThrowsAsync<MigrationException>(() =>
            new SchemaMigrator(bouncer.ConnectionString, new SchemaMigratorOptions { LockWait = TimeSpan.Zero })
                .UpgradeAsync(cancellationToken: Token))!;
        obstacle.Release();

        Assert.That(failure.Error, Is.EqualTo(MigrationError.Locked));
        Assert.That((await first).ToVersion, Is.EqualTo(Head));
    }

    [Test]
    public async Task A_script_behind_a_session_mode_pooler_is_cancelled()
    {
        await using var bouncer = await PgBouncer.StartAsync(ConnectionString, "pool_mode = session", Token);
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var migration = new SchemaMigrator(bouncer.ConnectionString, null, Scripts("SELECT pg_sleep(600)"))
            .UpgradeAsync(cancellationToken: cancelling.Token);
        await UntilAsync("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')");

        await cancelling.CancelAsync();

        Assert.That(async () => await migration, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await AppliedAsync(), Is.Empty);
    }

    /// <summary>Opens <paramref name="clients"/> clients at once, so that the pool has as many idle sessions.</summary>
    private async Task FillPoolAsync(PgBouncer bouncer, int clients, string sql = "SELECT 1")
    {
        var busy = new List<NpgsqlConnection>();
        for (var client = 1; client <= clients; client++)
        {
            var connection = new NpgsqlConnection(bouncer.ConnectionString);
            busy.Add(connection);
            await connection.OpenAsync(Token);
            await using var command = new NpgsqlCommand("BEGIN; " + sql, connection);
            await command.ExecuteNonQueryAsync(Token);
        }

        foreach (var connection in busy)
        {
            await using var command = new NpgsqlCommand("COMMIT", connection);
            await command.ExecuteNonQueryAsync(Token);
            await connection.DisposeAsync();
        }
    }
}
