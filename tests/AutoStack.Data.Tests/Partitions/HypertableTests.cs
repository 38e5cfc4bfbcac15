using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Partitions;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Partitions;

/// <summary>Health checks in a hypertable: sums of hours, compressed chunks, and chunks that are dropped.</summary>
[OnTimescale]
public sealed class HypertableTests : DatabaseTests
{
    private static readonly DateTimeOffset Start = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task Ranges_are_the_same_from_sums_and_from_checks()
    {
        var deployment = await EnqueueAsync();
        await AddChecksAsync(deployment, Start, 600, TimeSpan.FromMinutes(7));
        await ExecuteAsync("CALL refresh_continuous_aggregate('deployment_health_hours', NULL, NULL)");

        // From the checks alone: buckets of 30 minutes are no whole hours, and pairs of them are.
        var range = new TimeRange(Start, Start.AddMinutes(1999));
        var halves = await HealthChecks.ListHistoryAsync(
            deployment.Id, deployment.UserId, range, TimeSpan.FromMinutes(30), Token);
        var hours = await HealthChecks.ListHistoryAsync(
            deployment.Id, deployment.UserId, range, TimeSpan.FromHours(1), Token);

        Assert.That(hours, Has.Count.EqualTo(34));
        Assert.That(
            hours.Select(hour => (hour.Start, hour.Checks, hour.Live)),
            Is.EqualTo(halves.Chunk(2).Select(pair => (pair[0].Start, pair.Sum(half => half.Checks), pair.Sum(half => half.Live)))));
        Assert.That(
            hours.Select(hour => hour.AverageLatencyMs),
            Is.EqualTo(await AveragesAsync(deployment.Id, Start, Start.AddMinutes(1999))));
        foreach (var (from, minutes) in new[] { (0, 1999), (13, 1999), (13, 120), (60, 61), (59, 62), (5, 20) })
        {
            var (start, end) = (Start.AddMinutes(from), Start.AddMinutes(from + minutes));
            var uptime = (await HealthChecks.FindUptimeAsync(deployment.Id, deployment.UserId, new TimeRange(start, end), Token))!;
            var counted = await ScalarAsync(
                "SELECT count(*) || ' ' || count(*) FILTER (WHERE is_live) FROM deployment_health_checks "
                + "WHERE deployment_id = $1 AND checked_at >= $2 AND checked_at < $3",
                deployment.Id, start.DateTime, end.DateTime);
            Assert.That($"{uptime.Checks} {uptime.Live}", Is.EqualTo(counted), $"{from} {minutes}");
        }

        Assert.That(
            await HealthChecks.FindUptimeAsync(deployment.Id, (await AddUserAsync()).Id, range, Token), Is.Null);
    }

    [Test]
    public async Task Hours_that_are_summed_up_are_read_from_the_sums()
    {
        var deployment = await EnqueueAsync();
        await AddChecksAsync(deployment, Start, 10, TimeSpan.FromMinutes(5));
        await ExecuteAsync("CALL refresh_continuous_aggregate('deployment_health_hours', NULL, NULL)");
        await AddChecksAsync(deployment, Start.AddMinutes(1), 1, TimeSpan.FromMinutes(5));

        Task<Uptime?> CountAsync() =>
            HealthChecks.FindUptimeAsync(deployment.Id, deployment.UserId, new TimeRange(Start, Start.AddHours(2)), Token);
        var before = (await CountAsync())!.Checks;
        await ExecuteAsync("CALL refresh_continuous_aggregate('deployment_health_hours', NULL, NULL)");

        Assert.That(before, Is.EqualTo(10), "a late check counts after the next run of the job");
        Assert.That((await CountAsync())!.Checks, Is.EqualTo(11));
    }

    [Test]
    public async Task Compressed_checks_are_read_added_to_and_removed_with_their_deployment()
    {
        var deployment = await EnqueueAsync();
        var other = await EnqueueAsync();
        await AddChecksAsync(deployment, Start, 300, TimeSpan.FromMinutes(5));
        await AddChecksAsync(other, Start, 300, TimeSpan.FromMinutes(5));
        var latest = await HealthChecks.FindLatestAsync(deployment.Id, deployment.UserId, Token);
        await ExecuteAsync("SELECT compress_chunk(c, if_not_compressed => TRUE) FROM show_chunks('deployment_health_checks') c");

        Assert.That(await HealthChecks.FindLatestAsync(deployment.Id, deployment.UserId, Token), Is.EqualTo(latest));
        var late = new NewDeploymentHealthCheck { DeploymentId = deployment.Id, Url = "http://a", IsLive = true, CheckedAt = Start };
        await PlatformHealthChecks.AddAsync(late, Token);
        var again = late with { Id = latest!.Id, CheckedAt = Start.AddDays(1) };
        Assert.That(await PlatformHealthChecks.AddAsync(again, Token), Is.EqualTo(latest), "an id is looked for whatever its time");
        Assert.That(
            () => PlatformHealthChecks.AddAsync(again with { DeploymentId = other.Id }, Token), Throws.TypeOf<DuplicateException>());

        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(await Maintenance.PurgeDeletedAsync(Clock.GetUtcNow().AddDays(1), 10, Token), Is.GreaterThan(0));
        Assert.That(
            await ScalarAsync("SELECT count(*) FROM deployment_health_checks WHERE deployment_id = $1", deployment.Id), Is.EqualTo(0L));
        Assert.That(
            await ScalarAsync("SELECT count(*) FROM deployment_health_checks WHERE deployment_id = $1", other.Id), Is.EqualTo(300L));
    }

    [Test]
    public async Task Retention_drops_chunks_and_the_sums_of_their_hours()
    {
        var deployment = await EnqueueAsync();
        await AddChecksAsync(deployment, Clock.GetUtcNow().AddDays(-60), 60, TimeSpan.FromDays(1));
        await ExecuteAsync("CALL refresh_continuous_aggregate('deployment_health_hours', NULL, NULL)");
        await ExecuteAsync("SELECT compress_chunk(c, if_not_compressed => TRUE) FROM show_chunks('deployment_health_checks') c");
        var policy = new RetentionPolicy { HealthChecks = TimeSpan.FromDays(30) };

        var before = (long)(await ScalarAsync("SELECT count(*) FROM deployment_health_checks"))!;
        var counted = (await Get<IRetentionService>().CountAsync(policy, Token)).Single(count => count.Table == "deployment_health_checks");
        var result = (await Get<IRetentionService>().RunAsync(policy, null, Token))
            .Single(table => table.Table == "deployment_health_checks");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Failure, Is.Null);
            Assert.That((result.Rows, result.MoreLeft), Is.EqualTo((0L, false)));
            Assert.That(result.Partitions, Is.InRange(3, 5));
            var after = (long)(await ScalarAsync("SELECT count(*) FROM deployment_health_checks"))!;
            Assert.That(counted.Rows, Is.EqualTo(before - after).And.GreaterThan(20), "the rows of the chunks that are dropped");
            var left = (long)(await ScalarAsync("SELECT count(*) FROM deployment_health_checks WHERE deployment_id = $1", deployment.Id))!;
            Assert.That(left, Is.InRange(30, 37), "up to a week longer than the policy");
            Assert.That(
                await ScalarAsync("SELECT sum(checks)::bigint FROM deployment_health_hours WHERE deployment_id = $1", deployment.Id),
                Is.EqualTo(left));
        }
    }

    [Test]
    public async Task Jobs_that_have_not_succeeded_are_reported()
    {
        var before = await Get<IPartitionMaintenance>().FindStatusAsync(Token);
        IReadOnlyList<ChunkJob> jobs = [.. before.Jobs.Select(job => job with { SucceededAt = before.ReadAt.AddDays(-1) })];

        Assert.That(PartitionFindings.Of(before).Select(finding => (finding.Rule, finding.Severity, finding.Problem)), Is.EquivalentTo(new[]
        {
            (PartitionFindings.JobsRule, Severity.Warning, "The job policy_compression has never succeeded."),
            (PartitionFindings.JobsRule, Severity.Warning, "The job policy_refresh_continuous_aggregate has never succeeded."),
        }));
        Assert.That(PartitionFindings.Of(before with { Jobs = jobs }), Is.Empty);
        Assert.That(
            PartitionFindings.Of(before with { Jobs = jobs, ReadAt = before.ReadAt.AddDays(1) }).Select(finding => finding.Problem),
            Has.Exactly(2).StartsWith("The job policy_").And.Exactly(2).EndsWith(" UTC."));
    }

    private Task<int> AddChecksAsync(Deployment deployment, DateTimeOffset start, int count, TimeSpan apart) =>
        PlatformHealthChecks.AddManyAsync(
            [
                .. Enumerable.Range(0, count).Select(n => new NewDeploymentHealthCheck
                {
                    DeploymentId = deployment.Id,
                    Url = "http://a",
                    IsLive = n % 3 > 0,
                    LatencyMs = n % 5 == 0 ? null : n * 7,
                    CheckedAt = start + (apart * n),
                }),
            ], Token);

    private async Task<IReadOnlyList<int?>> AveragesAsync(Guid deploymentId, DateTimeOffset start, DateTimeOffset end)
    {
        await using var command = Raw.CreateCommand(
            "SELECT round(avg(latency_ms))::int FROM deployment_health_checks "
            + "WHERE deployment_id = $1 AND checked_at >= $2 AND checked_at < $3 "
            + "GROUP BY date_trunc('hour', checked_at) ORDER BY min(checked_at)");
        command.Parameters.Add(new() { Value = deploymentId });
        command.Parameters.Add(new() { Value = start.DateTime });
        command.Parameters.Add(new() { Value = end.DateTime });
        await using var reader = await command.ExecuteReaderAsync(Token);
        var averages = new List<int?>();
        while (await reader.ReadAsync(Token))
        {
            averages.Add(reader.IsDBNull(0) ? null : reader.GetInt32(0));
        }

        return averages;
    }
}
