using System.Reflection;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Registered = AutoStack.Data.Database;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>The looks of <see cref="IDatabaseMonitor"/> at a real server.</summary>
public sealed class DatabaseMonitorTests : DatabaseTests
{
    private IDatabaseMonitor Monitor => Get<IDatabaseMonitor>();

    [Test]
    public async Task A_look_has_every_part_and_says_what_is_missing()
    {
        await EnqueueAsync();
        await ExecuteAsync("ANALYZE");

        var stats = await Monitor.MeasureAsync(StatsParts.All, Token);

        Assert.That(stats.Server.DatabaseName, Is.EqualTo(Database.Name));
        Assert.That(stats.Server.Version, Is.EqualTo(Convert.ToInt32(await ScalarAsync("SHOW server_version_num"), null)));
        Assert.That(stats.Totals!.Commits, Is.GreaterThan(0));
        Assert.That(stats.Totals.Bytes, Is.GreaterThan(1 << 20));
        Assert.That(stats.Totals.WalBytes, Is.GreaterThan(0));
        Assert.That(stats.Tables!.Select(t => t.Name), Is.SupersetOf(await TablesAsync()));
        Assert.That(stats.Indexes, Is.Not.Empty);
        Assert.That(stats.Sessions, Is.Not.Empty);
        Assert.That(stats.Replication!.OwnLagBytes, Is.Null);
        Assert.That(stats.Queue!.Waiting, Is.GreaterThanOrEqualTo(1));
        Assert.That(stats.NotVisible.Select(missing => missing.Part), Is.SubsetOf(new[] { StatsParts.Statements, StatsParts.Queue }));
    }

    [Test]
    public async Task A_part_that_is_not_asked_for_is_null()
    {
        var stats = await Monitor.MeasureAsync(StatsParts.Queue, Token);

        Assert.That(stats.Queue, Is.Not.Null);
        Assert.That(
            new object?[] { stats.Totals, stats.Tables, stats.Indexes, stats.Sessions, stats.Statements, stats.Replication },
            Is.All.Null);
    }

    [Test]
    public async Task Sizes_and_rows_of_a_table_are_the_servers()
    {
        await InSessionAsync(
            "CREATE TABLE sized (id int PRIMARY KEY, note text) WITH (autovacuum_enabled = off)",
            "INSERT INTO sized SELECT n, repeat('x', 500) FROM generate_series(1, 5000) n",
            "UPDATE sized SET note = repeat('y', 500)");
        await UntilAsync(t => (t.Inserted, t.Updated) == (5000, 5000));
        await InSessionAsync("VACUUM ANALYZE sized", "DELETE FROM sized WHERE id <= 1000");
        var table = await UntilAsync(t => t.Deleted == 1000);

        Assert.That(table.TotalBytes, Is.EqualTo(await ScalarAsync("SELECT pg_total_relation_size('sized')")));
        Assert.That(table.HeapBytes, Is.EqualTo(await ScalarAsync("SELECT pg_relation_size('sized')")));
        Assert.That(table.IndexBytes, Is.EqualTo(await ScalarAsync("SELECT pg_indexes_size('sized')")));
        Assert.That((table.LiveRows, table.DeadRows), Is.EqualTo((4000, 1000)));
        Assert.That(table.LastVacuum, Is.Not.Null);
        Assert.That(table.LastAnalyze, Is.Not.Null);
        Assert.That(table.FreezeAge, Is.InRange(0, 100_000));

        // Half of the pages were emptied by the update.
        Assert.That((double)table.BloatBytes! / table.HeapBytes, Is.InRange(0.4, 0.6));
    }

    [Test]
    public async Task The_bloat_of_a_btree_index_is_what_a_rebuild_frees()
    {
        await InSessionAsync(
            "CREATE TABLE rebuilt (id int, note text, part int) WITH (autovacuum_enabled = off)",
            "INSERT INTO rebuilt SELECT n, md5(n::text), CASE WHEN n % 3 = 0 THEN n END FROM generate_series(1, 20000) n",
            "CREATE INDEX rebuilt_id ON rebuilt (id)",
            "CREATE INDEX rebuilt_both ON rebuilt (note, part) WITH (fillfactor = 70)",
            "CREATE INDEX rebuilt_upper ON rebuilt (upper(note)) INCLUDE (id)",
            "CREATE INDEX rebuilt_hash ON rebuilt USING hash (id)",
            "ANALYZE rebuilt");
        var fresh = await IndexedAsync();
        await InSessionAsync("DELETE FROM rebuilt WHERE id % 4 <> 0", "VACUUM ANALYZE rebuilt");
        var bloated = await IndexedAsync();
        await InSessionAsync("REINDEX TABLE rebuilt");
        var after = await IndexedAsync();

        Assert.That(bloated["rebuilt_hash"].BloatBytes, Is.Null);
        foreach (var name in new[] { "rebuilt_id", "rebuilt_both", "rebuilt_upper" })
        {
            var freed = bloated[name].Bytes!.Value - after[name].Bytes!.Value;
            Assert.That((double)bloated[name].BloatBytes!.Value / freed, Is.InRange(0.9, 1.1), name);
            Assert.That((double)fresh[name].BloatBytes!.Value / fresh[name].Bytes!.Value, Is.LessThan(0.1), name);
        }

        await ExecuteAsync("DROP TABLE rebuilt");
    }

    private async Task<Dictionary<string, IndexStats>> IndexedAsync() =>
        (await Monitor.MeasureAsync(StatsParts.Indexes, Token)).Indexes!.Where(i => i.Table == "rebuilt").ToDictionary(i => i.Name);

    // The server counts what a session has done at the latest when the session ends.
    private async Task InSessionAsync(params string[] statements)
    {
        await using var connection = new NpgsqlConnection(Database.ConnectionString + ";Pooling=false");
        await connection.OpenAsync(Token);
        foreach (var sql in statements)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(Token);
        }
    }

    private async Task<TableStats> UntilAsync(Func<TableStats, bool> holds)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            var table = (await Monitor.MeasureAsync(StatsParts.Tables, limit.Token)).Tables!.Single(t => t.Name == "sized");
            if (holds(table))
            {
                return table;
            }

            await Task.Delay(20, limit.Token);
        }
    }

    [Test]
    public async Task A_table_without_dead_rows_has_no_bloat()
    {
        await ExecuteAsync("CREATE TABLE dense (id bigint, at timestamp, note text)");
        await ExecuteAsync("INSERT INTO dense SELECT n, now(), md5(n::text) FROM generate_series(1, 50000) n");
        await ExecuteAsync("VACUUM ANALYZE dense");

        var table = (await Monitor.MeasureAsync(StatsParts.Tables, Token)).Tables!.Single(t => t.Name == "dense");

        Assert.That((double)table.BloatBytes! / table.HeapBytes, Is.LessThan(0.1));
    }

    [Test]
    public async Task A_locked_table_is_listed_without_its_size_and_nobody_waits()
    {
        await ExecuteAsync("CREATE TABLE held (id int PRIMARY KEY)");
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var command = new NpgsqlCommand("LOCK TABLE held IN ACCESS EXCLUSIVE MODE", connection, transaction);
        await command.ExecuteNonQueryAsync(Token);

        var stats = await Monitor.MeasureAsync(StatsParts.Tables | StatsParts.Indexes, Token);

        Assert.That(stats.Tables!.Single(t => t.Name == "held").TotalBytes, Is.Null);
        Assert.That(stats.Tables!.Single(t => t.Name == "users").TotalBytes, Is.Not.Null);
        Assert.That(stats.Indexes!.Single(i => i.Name == "held_pkey").Bytes, Is.Null);
        Assert.That(stats.NotVisible.Select(missing => missing.What), Does.Contain("sizes of locked tables"));
    }

    [Test]
    public async Task An_index_that_another_one_covers_is_named()
    {
        await ExecuteAsync("CREATE TABLE indexed (a int PRIMARY KEY, b int, c text)");
        foreach (var index in new[]
        {
            "b_wide ON indexed (b, a)", "b_narrow ON indexed (b)", "b_down ON indexed (b DESC)", "b_some ON indexed (b) WHERE a > 1",
            "c_first ON indexed (c)", "c_second ON indexed (c)", "c_lower ON indexed (lower(c))",
        })
        {
            await ExecuteAsync($"CREATE INDEX {index}");
        }

        await ExecuteAsync("CREATE UNIQUE INDEX b_unique ON indexed (b)");

        var indexes = (await Monitor.MeasureAsync(StatsParts.Indexes, Token)).Indexes!.Where(i => i.Table == "indexed").ToList();

        Assert.That(
            indexes.Where(i => i.CoveredBy is not null).ToDictionary(i => i.Name, i => i.CoveredBy),
            Is.EquivalentTo(new Dictionary<string, string> { ["b_narrow"] = "b_wide", ["c_second"] = "c_first" })
                .Or.EquivalentTo(new Dictionary<string, string> { ["b_narrow"] = "b_unique", ["c_second"] = "c_first" }));
        Assert.That(
            indexes.Where(i => i.IsUnused).Select(i => i.Name),
            Is.EquivalentTo(new[] { "b_wide", "b_narrow", "b_down", "b_some", "c_first", "c_second", "c_lower" }));
    }

    [Test]
    public async Task Blocked_sessions_name_who_blocks_them()
    {
        await ExecuteAsync("CREATE TABLE queue_of_locks (id int)");
        await using var holder = await Raw.OpenConnectionAsync(Token);
        await using var holding = await holder.BeginTransactionAsync(Token);
        await using var hold = new NpgsqlCommand("LOCK TABLE queue_of_locks IN ACCESS EXCLUSIVE MODE", holder, holding);
        await hold.ExecuteNonQueryAsync(Token);
        await using var waiter = await Raw.OpenConnectionAsync(Token);
        await using var wait = new NpgsqlCommand("INSERT INTO queue_of_locks SELECT 4711 WHERE 'secret' <> ''", waiter);
        var waiting = wait.ExecuteNonQueryAsync(Token);
        await UntilSomeoneWaitsAsync();

        var sessions = (await Monitor.MeasureAsync(StatsParts.Sessions, Token)).Sessions!;
        var blocked = sessions.Single(s => s.Pid == waiter.ProcessID);
        var blocker = sessions.Single(s => s.Pid == holder.ProcessID);

        Assert.That(blocked.BlockedBy, Is.EqualTo(new[] { holder.ProcessID }));
        Assert.That(blocked.Wait, Is.EqualTo("Lock: relation"));
        Assert.That(blocked.Statement, Is.EqualTo("INSERT INTO queue_of_locks SELECT ? WHERE ? <> ?"));
        Assert.That((blocker.State, blocker.BlockedBy.Count), Is.EqualTo(("idle in transaction", 0)));
        Assert.That(blocker.TransactionSeconds, Is.GreaterThan(0));
        await holding.RollbackAsync(Token);
        await waiting;
    }

    [Test]
    public async Task The_queue_is_counted_by_states()
    {
        var before = (await Monitor.MeasureAsync(StatsParts.Queue, Token)).Queue!;
        await EnqueueAsync();
        await EnqueueAsync();
        await StartedAsync(DeploymentStatus.Building);
        var leased = await StartedAsync(DeploymentStatus.Cloning);
        await ExecuteAsync(
            """
            INSERT INTO deployment_leases (deployment_id, worker, claim_key, attempt, claimed_at, renewed_at, expires_at)
            VALUES ($1, 'worker', gen_random_uuid(), 1, $2, $2, $2)
            """,
            leased.Id, DateTime.SpecifyKind(Clock.GetUtcNow().UtcDateTime.AddMinutes(-1), DateTimeKind.Unspecified));

        var after = (await Monitor.MeasureAsync(StatsParts.Queue, Token)).Queue!;

        Assert.That(
            (after.Waiting - before.Waiting, after.Running - before.Running, after.Leases - before.Leases,
                after.ExpiredLeases - before.ExpiredLeases),
            Is.EqualTo((2, 2, 1, 1)));
        Assert.That(after.HeadSeconds, Is.GreaterThan(0));
    }

    [Test]
    public async Task Log_lines_per_day_are_estimated_from_the_histogram()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
            SELECT gen_random_uuid(), $1, timezone('UTC', now()) - n * interval '1 minute', 'info', 'line', now(), n
            FROM generate_series(1, 14400) n
            """, deployment.Id);
        await ExecuteAsync("ANALYZE deployment_logs");

        var queue = (await Monitor.MeasureAsync(StatsParts.Queue, Token)).Queue!;

        Assert.That(queue.LogLinesPerDay, Is.InRange(1440 * 0.8, 1440 * 1.2));
        await ExecuteAsync("DELETE FROM deployment_logs WHERE deployment_id = $1", deployment.Id);
    }

    [Test]
    public async Task A_role_without_rights_gets_a_look_and_the_list_of_what_it_does_not_see()
    {
        var role = "monitor_" + Guid.NewGuid().ToString("N");
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'of the test'");
        await ExecuteAsync($"GRANT CONNECT ON DATABASE {Database.Name} TO {role}");
        await ExecuteAsync("ANALYZE");
        await using var others = await Raw.OpenConnectionAsync(Token);
        var connection = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Username = role, Password = "of the test" };
        await using (var provider = new ServiceCollection().AddAutoStackData(options =>
        {
            options.ConnectionString = connection.ConnectionString;
            options.MinPoolSize = 0;
        }).AddAutoStackDataWorkers().BuildServiceProvider())
        {
            var stats = await provider.GetRequiredService<IDatabaseMonitor>().MeasureAsync(StatsParts.All, Token);

            Assert.That(stats.Server.SeesAll, Is.False);
            Assert.That(stats.Queue, Is.Null);
            Assert.That(stats.Tables, Is.Not.Empty);
            Assert.That(stats.Sessions!.Single(s => s.Pid == others.ProcessID), Has.Property("IsVisible").False
                .And.Property("Statement").Null.And.Property("State").Null);
            Assert.That(
                stats.NotVisible.Select(missing => missing.Part),
                Is.SupersetOf(new[]
                {
                    StatsParts.Queue, StatsParts.Tables, StatsParts.Indexes, StatsParts.Sessions, StatsParts.Statements,
                }));
        }

        await ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
    }

    [Test]
    public async Task A_query_that_takes_longer_than_its_limit_is_a_missing_part()
    {
        await using var provider = new ServiceCollection().AddAutoStackData(Database.ConnectionString).BuildServiceProvider();
        var database = provider.GetRequiredKeyedService<Registered>(AutoStackDataServiceCollectionExtensions.DefaultKey);
        var field = typeof(Registered).GetField("executor", BindingFlags.NonPublic | BindingFlags.Instance)!;
        var look = new Look(new Db((Executor)field.GetValue(database)!, new Subject("Test", table: null)));

        var found = await look.FindAsync(
            StatsParts.Tables, "nothing", results => results.ListAsync(row => row.Text()),
            [new Statement("SELECT pg_catalog.pg_sleep(60)::text")], Token);

        Assert.That(found, Is.Null);
        Assert.That(look.NotVisible.Single().Why, Does.Contain("within 5 s"));
    }

    [Test]
    public async Task A_watch_takes_a_look_at_once_and_after_each_interval()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var looks = Monitor.WatchAsync(TimeSpan.FromSeconds(10), StatsParts.Queue, stop.Token)
            .GetAsyncEnumerator(stop.Token);
        Assert.That(await looks.MoveNextAsync(), Is.True);
        var first = looks.Current;

        var next = looks.MoveNextAsync().AsTask();
        Assert.That(next.IsCompleted, Is.False);
        Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.That(await next, Is.True);
        Assert.That(looks.Current.At, Is.GreaterThan(first.At));

        next = looks.MoveNextAsync().AsTask();
        await stop.CancelAsync();
        Assert.That(async () => await next, Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase(0.5)]
    [TestCase(100_000)]
    public void An_interval_out_of_range_is_refused(double seconds) =>
        Assert.That(
            () => Monitor.WatchAsync(TimeSpan.FromSeconds(seconds), cancellationToken: Token),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("interval"));

    [Test]
    public void An_undefined_part_is_refused() =>
        Assert.That(
            () => Monitor.MeasureAsync((StatsParts)1024, Token),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("parts"));
}
