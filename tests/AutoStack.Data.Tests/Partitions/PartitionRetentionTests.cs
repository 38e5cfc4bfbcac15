using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using AutoStack.Data.Partitions;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Partitions;

/// <summary>
/// Retention drops the partitions of past periods, keeps the numbers of their last lines, and purges what is left row by row. There are
/// partitions for April and May 2026, and the retention runs in the middle of June.
/// </summary>
[CancelAfter(120_000)]
public sealed class PartitionRetentionTests : DatabaseTests
{
    private static readonly DateTimeOffset April = new(2026, 4, 10, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset May = April.AddMonths(1);
    private static readonly DateTimeOffset June = May.AddMonths(1);

    // At June 20 it keeps what is younger than May 21.
    private static readonly RetentionPolicy Month = new()
    {
        DeletedDeployments = null,
        DeploymentLogs = TimeSpan.FromDays(30),
        RuntimeLogs = TimeSpan.FromDays(30),
        HealthChecks = TimeSpan.FromDays(30),
        PasswordResetTokens = null,
        EmailVerificationTokens = null,
        WebhookPayloads = null,
        ExpiredSessions = false,
        ClosedAccounts = false,
        ExpiredSignInAttempts = false,
    };

    [OneTimeSetUp]
    public Task EnableAsync() => new SchemaMigrator(Database.ConnectionString).UpgradeAsync(
        MigrationTarget.Head.In("log-partitions"), cancellationToken: Token);

    [SetUp]
    public async Task CreatePartitionsAsync()
    {
        Clock.AdjustTime(new DateTimeOffset(2026, 3, 29, 0, 0, 0, TimeSpan.Zero));
        await ExecuteAsync("TRUNCATE users CASCADE");
        await ExecuteAsync("""
            DO $do$
            DECLARE
                name text;
            BEGIN
                FOR name IN SELECT b.partition::text FROM log_partition_settings s, log_partition_bounds(s.table_name) b LOOP
                    EXECUTE 'DROP TABLE ' || name;
                END LOOP;
            END
            $do$
            """);
        await ExecuteAsync("UPDATE log_partition_settings SET period = 'month', ahead = 2");
        await Get<IPartitionMaintenance>().MaintainAsync(Token);
        Clock.AdjustTime(new DateTimeOffset(2026, 6, 20, 0, 0, 0, TimeSpan.Zero));
    }

    [Test]
    public async Task A_partition_goes_when_its_period_and_its_rows_are_old_enough()
    {
        var (old, young) = (await EnqueueAsync(April), await EnqueueAsync(May));
        await AppendAsync(old, April, 3);
        await AppendAsync(young, May, 3);

        var results = await RunAsync();

        // The period of May has not ended on May 21: its partition stays whole, with rows that are older than the policy.
        Assert.That(results, Is.EqualTo(new[] { "deployment_logs 2 0", "deployment_runtime_logs 2 0", "deployment_health_checks 2 0" }));
        Assert.That(await SeqsAsync("deployment_logs", old), Is.EqualTo(""));
        Assert.That(await SeqsAsync("deployment_logs", young), Is.EqualTo("1 2 3"));
        Assert.That(await CountAsync(), Is.EqualTo(new[] { 0L, 0, 0 }));
    }

    [Test]
    public async Task A_number_of_a_dropped_line_is_not_given_again()
    {
        var deployment = await EnqueueAsync(April);
        await AppendAsync(deployment, April, 3);
        await AppendOutputAsync(deployment, April, 2);
        await MoveOutputAsync(April);
        var size = await ScalarAsync("SELECT max(log_bytes) FROM deployment_logs");

        await RunAsync();
        Assert.That(await SeqsAsync("deployment_logs", deployment), Is.EqualTo(""));
        Assert.That(await SeqsAsync("deployment_runtime_logs", deployment), Is.EqualTo(""));
        await AppendAsync(deployment, June, 1);
        await AppendOutputAsync(deployment, June, 1);

        Assert.That(await SeqsAsync("deployment_logs", deployment), Is.EqualTo("4"));
        Assert.That(await SeqsAsync("deployment_runtime_logs", deployment), Is.EqualTo("3"));
        Assert.That(await ScalarAsync("SELECT max(log_bytes) FROM deployment_logs"), Is.EqualTo((long)size! + 132));
    }

    [Test]
    public async Task A_partition_with_a_young_row_stays_and_its_old_rows_are_purged()
    {
        var (old, busy) = (await EnqueueAsync(April), await EnqueueAsync(April));
        await AppendAsync(old, April, 3);
        await AppendAsync(busy, April, 2);
        await AppendAsync(busy, June, 2);

        var results = await RunAsync();

        Assert.That(results[0], Is.EqualTo("deployment_logs 1 4"), "the partition of one day in March");
        Assert.That(await SeqsAsync("deployment_logs", old), Is.EqualTo("3"), "a purge leaves the last line, which carries the number");
        Assert.That(await SeqsAsync("deployment_logs", busy), Is.EqualTo("3 4"));
        Assert.That(await CountAsync(), Is.EqualTo(new[] { 0L, 0, 0 }));
    }

    [Test]
    public async Task The_default_partition_is_purged_with_no_gap_before_a_partition_that_stays()
    {
        // Its lines are in the default partition, its later lines in those of April and May.
        var deployment = await EnqueueAsync(April);
        await AppendOutputAsync(deployment, April.AddMonths(-1), 2);
        await AppendOutputAsync(deployment, April, 2);
        await MoveOutputAsync(April);
        await AppendOutputAsync(deployment, May, 2);
        await MoveOutputAsync(May);

        var results = await RunAsync();

        Assert.That(results[1], Is.EqualTo("deployment_runtime_logs 2 2"));
        Assert.That(await SeqsAsync("deployment_runtime_logs", deployment), Is.EqualTo("5 6"));
    }

    [Test]
    public async Task A_partition_of_output_stays_while_a_young_line_is_numbered_before_its_lines()
    {
        var deployment = await EnqueueAsync(April);
        await AppendOutputAsync(deployment, June, 1);
        await AppendOutputAsync(deployment, April, 2);
        await MoveOutputAsync(April);

        await RunAsync();

        Assert.That(await SeqsAsync("deployment_runtime_logs", deployment), Is.EqualTo("1 2 3"));
    }

    [Test]
    public async Task A_removed_deployment_takes_the_ends_of_its_logs_with_it()
    {
        var deployment = await EnqueueAsync(April);
        await AppendAsync(deployment, April, 1);
        await RunAsync();
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_log_ends"), Is.EqualTo(1L));

        await ExecuteAsync("DELETE FROM deployments WHERE id = $1", deployment);

        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_log_ends"), Is.Zero);
    }

    // A reader of the logs blocks the last step of the drop, which meanwhile blocks writers of the partition.
    [Test]
    public async Task A_late_line_is_stored_while_a_drop_waits_and_the_drop_succeeds_afterwards()
    {
        var deployment = await EnqueueAsync(April);
        await AppendAsync(deployment, April, 3);
        await ExecuteAsync("DROP TABLE autostack_partitions.deployment_logs_p20260331");
        await using var reader = await Raw.OpenConnectionAsync(Token);
        await using var reading = await reader.BeginTransactionAsync(Token);
        await ExecuteOnAsync(reader, "SELECT count(*) FROM deployment_logs");

        var run = Get<IRetentionService>().RunAsync(Month, null, Token);
        await UntilHeldAsync("deployment_logs_p20260401");
        await AppendAsync(deployment, April, 1);
        Assert.That(run.IsCompleted, Is.False, "the reader blocks the drop");
        Assert.That(await SeqsAsync("deployment_logs", deployment), Is.EqualTo("1 2 3 4"));
        await reading.RollbackAsync(Token);
        var results = await run;

        Assert.That(results.Select(result => result.Failure), Is.All.Null);
        Assert.That((results[0].Table, results[0].Partitions), Is.EqualTo(("deployment_logs", 1)));
        Assert.That(await SeqsAsync("deployment_logs", deployment), Is.EqualTo(""));
        await AppendAsync(deployment, June, 1);
        Assert.That(await SeqsAsync("deployment_logs", deployment), Is.EqualTo("5"));
    }

    // The removal has locked the deployment, whose row the drop needs, and then needs the partition, which the drop holds.
    [Test]
    public async Task A_removal_beside_a_drop_ends_in_no_deadlock()
    {
        var deployment = await EnqueueAsync(April);
        await AppendAsync(deployment, April, 3);
        await using var remover = await Raw.OpenConnectionAsync(Token);
        await using var removal = await remover.BeginTransactionAsync(Token);
        await ExecuteOnAsync(remover, $"SELECT FROM deployments WHERE id = '{deployment}' FOR UPDATE");

        var drop = DropAsync("deployment_logs_p20260401");
        await Task.WhenAny(drop, UntilSomeoneWaitsAsync());
        await ExecuteOnAsync(remover, $"DELETE FROM deployments WHERE id = '{deployment}'");
        await removal.CommitAsync(Token);

        Assert.That(await drop, Is.EqualTo("55P03"), "the drop gives way");
        Assert.That(await DropAsync("deployment_logs_p20260401"), Is.EqualTo("dropped"));
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_log_ends"), Is.Zero);
    }

    [Test]
    public async Task A_partition_that_stays_in_use_is_reported_and_left_to_the_next_run()
    {
        await using var reader = await Raw.OpenConnectionAsync(Token);
        await using var reading = await reader.BeginTransactionAsync(Token);
        await ExecuteOnAsync(reader, "SELECT count(*) FROM deployments");
        var calls = 0;

        var failure = Assert.ThrowsAsync<StatementTimeoutException>(() => DropAttempts.RunAsync(
            "deployment_logs_p20260401", TimeSpan.FromMilliseconds(1), RefuseAsync, Token))!;

        Assert.That(failure.Message, Does.Contain("deployment_logs_p20260401").And.Contain("the next run tries again"));
        Assert.That(calls, Is.GreaterThanOrEqualTo(1));

        async Task<bool> RefuseAsync()
        {
            calls++;
            try
            {
                await ExecuteAsync("DO $$ BEGIN LOCK TABLE deployments IN ACCESS EXCLUSIVE MODE NOWAIT; END $$");
                return true;
            }
            catch (PostgresException exception)
            {
                throw new StatementTimeoutException("refused", exception);
            }
        }
    }

    [Test]
    public async Task Many_deployments_are_read_in_batches_and_keep_the_numbers_of_their_last_lines()
    {
        var deployment = await EnqueueAsync(April);
        await ExecuteAsync("""
            INSERT INTO deployments (id, project_id, user_id, status, created_at)
            SELECT (substr(d.id::text, 1, 15) || '000-8000-' || lpad(n::text, 12, '0'))::uuid, d.project_id, d.user_id, 'success',
                '2026-04-10'
            FROM deployments d
            CROSS JOIN generate_series(1, 450) n
            """);
        await ExecuteAsync("""
            INSERT INTO deployment_logs (deployment_id, message, timestamp)
            SELECT d.id, 'line', '2026-04-10' FROM deployments d, generate_series(1, 2)
            """);

        var results = await RunAsync();

        Assert.That(results[0], Is.EqualTo("deployment_logs 2 0"));
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_log_ends WHERE seq = 2 AND log_bytes > 128"), Is.EqualTo(451L));
        await AppendAsync(deployment, June, 1);
        Assert.That(await SeqsAsync("deployment_logs", deployment), Is.EqualTo("3"));
    }

    // The SQLSTATE of a drop that failed.
    private async Task<string> DropAsync(string partition)
    {
        try
        {
            return await ScalarAsync("SELECT drop_log_partition($1, '2026-05-21')", partition) is true ? "dropped" : "kept";
        }
        catch (PostgresException exception)
        {
            return exception.SqlState;
        }
    }

    private async Task UntilHeldAsync(string partition)
    {
        while (await ScalarAsync(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = to_regclass($1) AND mode = 'ShareLock' AND granted)",
            $"autostack_partitions.{partition}") is not true)
        {
            await Task.Delay(5, Token);
        }
    }

    private static async Task ExecuteOnAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task<string[]> RunAsync()
    {
        var results = await Get<IRetentionService>().RunAsync(Month, null, Token);
        Assert.That(results.Select(result => result.Failure), Is.All.Null);
        return [.. results.Select(result => $"{result.Table} {result.Partitions} {result.Rows}")];
    }

    private async Task<IEnumerable<long>> CountAsync() =>
        (await Get<IRetentionService>().CountAsync(Month, Token)).Select(count => count.Rows);

    private async Task<Guid> EnqueueAsync(DateTimeOffset at)
    {
        var project = await AddProjectAsync();
        var id = Guid.CreateVersion7(at);
        await Deployments.EnqueueAsync(new NewDeployment { Id = id, ProjectId = project.Id, UserId = project.UserId }, Token);
        return id;
    }

    private Task AppendAsync(Guid deployment, DateTimeOffset time, int count) => PlatformLogs.AppendAsync(
        deployment, [.. Enumerable.Repeat(new NewDeploymentLog { Message = "line", Timestamp = time }, count)], Token);

    private Task AppendOutputAsync(Guid deployment, DateTimeOffset time, int count) => PlatformRuntimeLogs.AppendAsync(
        deployment, RuntimeLogSource.Docker,
        [.. Enumerable.Range(0, count).Select(n => new NewDeploymentRuntimeLog(time.AddSeconds(n), "line"))], Token);

    // The library makes ids by the machine's clock; these get one of the time of their lines.
    private async Task MoveOutputAsync(DateTimeOffset time)
    {
        var lines = (string)(await ScalarAsync(
            "SELECT string_agg(id::text, ',') FROM deployment_runtime_logs WHERE timestamp >= $1 AND timestamp < $2",
            time.UtcDateTime.ToUnspecified(), time.AddDays(1).UtcDateTime.ToUnspecified()))!;
        foreach (var line in lines.Split(','))
        {
            await ExecuteAsync(
                "UPDATE deployment_runtime_logs SET id = $1 WHERE id = $2", Guid.CreateVersion7(time), Guid.Parse(line));
        }
    }

    private async Task<object?> SeqsAsync(string table, Guid deployment) => await ScalarAsync(
        $"SELECT coalesce(string_agg(seq::text, ' ' ORDER BY seq), '') FROM {table} WHERE deployment_id = $1", deployment);
}

/// <summary>Times as the columns store them.</summary>
internal static class ColumnTimes
{
    public static DateTime ToUnspecified(this DateTime time) => DateTime.SpecifyKind(time, DateTimeKind.Unspecified);
}
