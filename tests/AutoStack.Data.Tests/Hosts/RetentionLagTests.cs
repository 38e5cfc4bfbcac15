using AutoStack.Data.Retention;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Hosts;

/// <summary>The retention beside a standby that falls behind.</summary>
[CancelAfter(180_000)]
public sealed class RetentionLagTests : ReplicationTests
{
    [Test]
    public async Task A_standby_that_stays_behind_makes_batches_small_and_stops_no_run()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers);
        await OnPrimaryAsync(servers, """
            INSERT INTO users (id, name, email, created_at, updated_at)
            VALUES (gen_random_uuid(), 'Ada', 'ada@example.com', now(), now());
            INSERT INTO sessions (id, user_id, token, expires_at, created_at)
            SELECT gen_random_uuid(), u.id, 'hash-' || n, '2000-01-01', '2000-01-01' FROM users u, generate_series(1, 100) n
            """);
        await OnStandbyAsync(servers, "SELECT pg_wal_replay_pause()");

        // The primary learns of it with the next answers of the standby. A shorter lag may be one from before the pause.
        while (!(bool)(await OnPrimaryAsync(
            servers, "SELECT coalesce(bool_or(replay_lag > interval '500 ms'), FALSE) FROM pg_stat_replication"))!)
        {
            await OnPrimaryAsync(servers, "UPDATE users SET updated_at = now()");
            await Task.Delay(20, Token);
        }

        var options = new RetentionRunOptions
        {
            Tables = ["sessions"],
            Pacing = new RetentionPacing
            {
                NiceRatio = 0,
                MaxReplicaLag = TimeSpan.FromMilliseconds(100),
                MaxPause = TimeSpan.FromMilliseconds(20),
            },
        };
        var run = await host.GetRequiredService<IRetentionService>().RunExclusiveAsync(new RetentionPolicy(), options, null, Token);

        Assert.That((run.Outcome, run.Rows, run.LagIsHidden), Is.EqualTo((RetentionRunOutcome.Completed, 100L, false)));
        Assert.That(run.Results.Single().Batches, Is.EqualTo(5), "batches of a fiftieth");
    }

    [Test]
    public async Task A_role_that_does_not_see_the_lag_is_told()
    {
        await using var servers = await StartAsync();
        await OnPrimaryAsync(servers, """
            CREATE ROLE app LOGIN;
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO app
            """);
        var connection = servers.Primary.Replace("Username=autostack", "Username=app", StringComparison.Ordinal);
        await using var host = HostOf(servers, options => options.ConnectionString = connection);

        var run = await host.GetRequiredService<IRetentionService>().RunExclusiveAsync(
            new RetentionPolicy(), new RetentionRunOptions(), null, Token);

        Assert.That((run.Outcome, run.LagIsHidden), Is.EqualTo((RetentionRunOutcome.Completed, true)));
    }
}
