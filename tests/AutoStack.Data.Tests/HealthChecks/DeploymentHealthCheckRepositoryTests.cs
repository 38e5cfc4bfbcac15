using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.HealthChecks;

public sealed class DeploymentHealthCheckRepositoryTests : DatabaseTests
{
    private static readonly DateTimeOffset Start = new(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task The_latest_checks_come_first()
    {
        var deployment = await EnqueueAsync();
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var checks = new List<DeploymentHealthCheck>();
        for (var i = 0; i < 5; i++)
        {
            checks.Insert(0, await PlatformHealthChecks.AddAsync(
                new NewDeploymentHealthCheck
                {
                    DeploymentId = deployment.Id,
                    Url = "http://localhost:30000/",
                    HttpStatus = i == 0 ? null : 200,
                    LatencyMs = i == 0 ? null : i,
                    IsLive = i > 0,
                    CheckedAt = start.AddMinutes(i),
                }, Token));
        }

        Assert.That(await HealthChecks.ListLatestAsync(deployment.Id, deployment.UserId, 3, Token), Is.EqualTo(checks.Take(3)));
        Assert.That((await HealthChecks.ListLatestAsync(deployment.Id, deployment.UserId, 10, Token))[^1], Is.EqualTo(checks[^1]));
    }

    [Test]
    public async Task A_repeated_add_is_one_check_of_one_deployment()
    {
        var deployment = await EnqueueAsync();
        var other = await EnqueueAsync();
        var request = new NewDeploymentHealthCheck
        {
            Id = Guid.CreateVersion7(),
            DeploymentId = deployment.Id,
            Url = "http://localhost",
            IsLive = true,
        };

        var first = await PlatformHealthChecks.AddAsync(request, Token);

        Assert.That(await PlatformHealthChecks.AddAsync(request with { IsLive = false }, Token), Is.EqualTo(first));
        Assert.That(
            () => PlatformHealthChecks.AddAsync(request with { DeploymentId = other.Id }, Token), Throws.TypeOf<DuplicateException>());
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var stranger = await AddUserAsync();
        var deployment = await EnqueueAsync();
        var good = new NewDeploymentHealthCheck { DeploymentId = deployment.Id, Url = "http://localhost", IsLive = true };
        await PlatformHealthChecks.AddAsync(good, Token);

        Assert.That(() => PlatformHealthChecks.AddAsync(good with { Url = " " }, Token), Throws.ArgumentException);
        Assert.That(
            () => PlatformHealthChecks.AddAsync(good with { DeploymentId = Guid.NewGuid() }, Token),
            Throws.TypeOf<MissingReferenceException>());
        Assert.That(
            () => HealthChecks.ListLatestAsync(deployment.Id, deployment.UserId, 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(await HealthChecks.ListLatestAsync(deployment.Id, stranger.Id, 10, Token), Is.Empty);
    }

    [Test]
    public async Task The_latest_of_several_checks_is_found()
    {
        var deployment = await EnqueueAsync();
        Assert.That(await HealthChecks.FindLatestAsync(deployment.Id, deployment.UserId, Token), Is.Null);
        await CheckAsync(deployment, "+-+");

        var latest = await HealthChecks.FindLatestAsync(deployment.Id, deployment.UserId, Token);

        Assert.That(latest!.CheckedAt, Is.EqualTo(Start.AddMinutes(2)));
        Assert.That(await HealthChecks.FindLatestAsync(deployment.Id, (await AddUserAsync()).Id, Token), Is.Null);
    }

    [Test]
    public async Task A_batch_of_checks_is_added_and_read_back()
    {
        var first = await EnqueueAsync();
        var second = await EnqueueAsync();
        NewDeploymentHealthCheck[] checks =
        [
            new()
            {
                Id = Guid.CreateVersion7(),
                DeploymentId = first.Id,
                Url = "http://a\0",
                IsLive = true,
                HttpStatus = 200,
                LatencyMs = 5,
                CheckedAt = Start,
            },
            new() { Id = Guid.CreateVersion7(), DeploymentId = second.Id, Url = "http://b", IsLive = false },
            new() { DeploymentId = Guid.NewGuid(), Url = "http://gone", IsLive = false },
        ];

        Assert.That(await PlatformHealthChecks.AddManyAsync(checks, Token), Is.EqualTo(2), "one deployment is gone");
        Assert.That(await PlatformHealthChecks.AddManyAsync([checks[1], checks[0]], Token), Is.EqualTo(2));

        var stored = (await HealthChecks.ListLatestAsync(first.Id, first.UserId, 10, Token)).Single();
        Assert.That(
            (stored.Id, stored.Url, stored.IsLive, stored.HttpStatus, stored.LatencyMs, stored.CheckedAt),
            Is.EqualTo((checks[0].Id!.Value, "http://a\uFFFD", true, (int?)200, (int?)5, Start)));
        var other = (await HealthChecks.ListLatestAsync(second.Id, second.UserId, 10, Token)).Single();
        Assert.That((other.IsLive, other.HttpStatus, other.LatencyMs), Is.EqualTo((false, (int?)null, (int?)null)));
    }

    [Test]
    public async Task The_same_batch_sent_twice_concurrently_is_stored_once()
    {
        var deployment = await EnqueueAsync();
        NewDeploymentHealthCheck[] checks =
            [.. Enumerable.Range(0, 5).Select(
                _ => new NewDeploymentHealthCheck { Id = Guid.NewGuid(), DeploymentId = deployment.Id, Url = "http://a", IsLive = true })];
        Task<int> again = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IPlatformDeploymentHealthCheckRepository>().AddManyAsync(checks, ct);
            again = PlatformHealthChecks.AddManyAsync([.. checks.Reverse()], Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await again, Is.EqualTo(5));
        Assert.That(await HealthChecks.ListLatestAsync(deployment.Id, deployment.UserId, 10, Token), Has.Count.EqualTo(5));
    }

    [Test]
    public async Task A_concurrently_removed_deployment_does_not_fail_the_other_checks()
    {
        var removed = await EnqueueAsync();
        var kept = await EnqueueAsync();
        await Deployments.SoftDeleteAsync(removed.Id, removed.UserId, Token);
        Task<int> adding = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(
                await tx.Get<IDeploymentMaintenance>().PurgeDeletedAsync(Clock.GetUtcNow().AddDays(1), 1000, ct), Is.GreaterThan(0));
            adding = PlatformHealthChecks.AddManyAsync([Check(removed, 0, true), Check(kept, 0, true)], Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await adding, Is.EqualTo(1));
    }

    [Test]
    public async Task Uptime_counts_the_checks_of_a_time_range()
    {
        var deployment = await EnqueueAsync();
        await CheckAsync(deployment, "+--+");

        var uptime = (await FindAsync(deployment.UserId, Start.AddMinutes(1), Start.AddMinutes(4)))!;
        Assert.That((uptime.Checks, uptime.Live), Is.EqualTo((3L, 1L)));
        Assert.That(uptime.Ratio, Is.EqualTo(1.0 / 3));
        var none = (await FindAsync(deployment.UserId, Start.AddMinutes(-5), Start))!;
        Assert.That((none.Checks, none.Ratio), Is.EqualTo((0L, (double?)null)));
        Assert.That(await FindAsync((await AddUserAsync()).Id, Start, Start.AddDays(1)), Is.Null);

        Task<Uptime?> FindAsync(Guid owner, DateTimeOffset from, DateTimeOffset to) =>
            HealthChecks.FindUptimeAsync(deployment.Id, owner, new TimeRange(from, to), Token);
    }

    [Test]
    public void A_range_that_is_empty_too_long_or_before_every_time_is_refused()
    {
        foreach (var range in new TimeRange[]
        {
            new(Start, Start),
            new(Start, Start + TimeRange.MaxLength + TimeSpan.FromMicroseconds(1)),
            new(DateTimeOffset.MinValue, DateTimeOffset.MinValue.AddDays(1)),
        })
        {
            Assert.That(
                () => HealthChecks.FindUptimeAsync(Guid.NewGuid(), Guid.NewGuid(), range, Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("range"));
            Assert.That(
                () => HealthChecks.ListHistoryAsync(Guid.NewGuid(), Guid.NewGuid(), range, TimeSpan.FromDays(1), Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("range"));
        }
    }

    [Test]
    public async Task A_range_may_be_as_long_as_the_maximum()
    {
        var deployment = await EnqueueAsync();
        await CheckAsync(deployment, "+");
        var range = new TimeRange(Start, Start + TimeRange.MaxLength);

        var uptime = await HealthChecks.FindUptimeAsync(deployment.Id, deployment.UserId, range, Token);
        var history = await HealthChecks.ListHistoryAsync(deployment.Id, deployment.UserId, range, TimeSpan.FromDays(1), Token);

        Assert.That(uptime!.Checks, Is.EqualTo(1));
        Assert.That((history.Count, history[0].Checks), Is.EqualTo((366, 1L)));
    }

    [TestCase("", 0)]
    [TestCase("+", 0)]
    [TestCase("---", 3)]
    [TestCase("-+--", 2)]
    [TestCase("--+", 0)]
    public async Task Failures_are_counted_back_to_the_last_success(string checks, int failures)
    {
        var deployment = await EnqueueAsync();
        await CheckAsync(deployment, checks);

        Assert.That(await PlatformHealthChecks.CountConsecutiveFailuresAsync(deployment.Id, Token), Is.EqualTo(failures));
    }

    [Test]
    public async Task Unhealthy_lists_successful_deployments_whose_last_checks_failed()
    {
        var unhealthy = await RunningAsync("+---");
        await RunningAsync("--");
        await RunningAsync("---+");
        await RunningAsync("-+--");
        var deleted = await RunningAsync("---");
        await Deployments.SoftDeleteAsync(deleted.Id, deleted.UserId, Token);
        var stopped = await RunningAsync("---");
        await ExecuteAsync("UPDATE deployment_containers SET status = 'stopped', stopped_at = now() WHERE deployment_id = $1", stopped.Id);
        var replaced = await RunningAsync("---");
        await ExecuteAsync("UPDATE deployment_containers SET created_at = '2030-01-01' WHERE deployment_id = $1", replaced.Id);
        var second = await RunningAsync("---");
        var ids = new[] { unhealthy.Id, second.Id };

        var found = (await PlatformHealthChecks.ListUnhealthyAsync(3, Cursor.Start, 10, Token)).Items;

        Assert.That(found.Select(u => u.DeploymentId), Is.EqualTo(ids));
        Assert.That(
            found[0], Is.EqualTo(new UnhealthyDeployment(unhealthy.Id, unhealthy.ProjectId, unhealthy.UserId, Start.AddMinutes(3))));
        var page = await PlatformHealthChecks.ListUnhealthyAsync(3, Cursor.Start, 1, Token);
        Assert.That(page.Items.Select(u => u.DeploymentId), Is.EqualTo(ids[..1]));
        var last = await PlatformHealthChecks.ListUnhealthyAsync(3, page.Next!.Value, 10, Token);
        Assert.That(last.Items.Select(u => u.DeploymentId), Is.EqualTo(ids[1..]));
        Assert.That(last.Next, Is.Null);
        Assert.That(
            () => PlatformHealthChecks.ListUnhealthyAsync(0, Cursor.Start, 10, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => PlatformHealthChecks.ListUnhealthyAsync(101, Cursor.Start, 10, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => PlatformHealthChecks.ListUnhealthyAsync(3, Cursor.Start, 1001, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_history_has_every_bucket_also_without_a_check()
    {
        var deployment = await EnqueueAsync();
        await PlatformHealthChecks.AddManyAsync(
            [
                Check(deployment, 0, true) with { LatencyMs = 10 },
                Check(deployment, 4, false) with { LatencyMs = 21 },
                Check(deployment, 10, true) with { CheckedAt = Start.AddMinutes(10).AddTicks(-10) },
                Check(deployment, 15, true) with { LatencyMs = 7 },
                Check(deployment, 17, true),
            ], Token);

        var history = await HealthChecks.ListHistoryAsync(
            deployment.Id, deployment.UserId, new TimeRange(Start, Start.AddMinutes(17)), TimeSpan.FromMinutes(5), Token);

        Assert.That(history, Is.EqualTo(
            [
                new HealthBucket(Start, 2, 1, 16),
                new HealthBucket(Start.AddMinutes(5), 1, 1, null),
                new HealthBucket(Start.AddMinutes(10), 0, 0, null),
                new HealthBucket(Start.AddMinutes(15), 1, 1, 7),
            ]));
        Assert.That(
            await HealthChecks.ListHistoryAsync(
                deployment.Id, (await AddUserAsync()).Id, new TimeRange(Start, Start.AddMinutes(17)), TimeSpan.FromMinutes(5), Token),
            Is.Empty);
        var full = await HealthChecks.ListHistoryAsync(
            deployment.Id, deployment.UserId, new TimeRange(Start, Start.AddSeconds(1000)), TimeSpan.FromSeconds(1), Token);
        Assert.That(full, Has.Count.EqualTo(IDeploymentHealthCheckRepository.MaxBuckets));
    }

    [TestCase(0.0, 60.0)]
    [TestCase(-60.0, 60.0)]
    [TestCase(60.0, 0.0)]
    [TestCase(60.0, -1.0)]
    [TestCase(60.0, 1.5)]
    [TestCase(1001.0, 1.0)]
    [TestCase(60.0, 1e11)]
    public void A_history_with_an_invalid_range_or_bucket_is_refused(double window, double bucket) =>
        Assert.That(
            () => HealthChecks.ListHistoryAsync(
                Guid.NewGuid(), Guid.NewGuid(), new TimeRange(Start, Start.AddSeconds(window)), TimeSpan.FromSeconds(bucket), Token),
            Throws.InstanceOf<ArgumentException>());

    [Test]
    public async Task Purge_removes_the_oldest_first_and_skips_rows_of_another_purge()
    {
        await ExecuteAsync("DELETE FROM deployment_health_checks");
        var deployment = await EnqueueAsync();
        await CheckAsync(deployment, "++++++");
        var before = Start.AddMinutes(5);

        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(await tx.Get<IPlatformDeploymentHealthCheckRepository>().PurgeAsync(before, 2, ct), Is.EqualTo(2));
            Assert.That(await PlatformHealthChecks.PurgeAsync(before, 1000, ct).WaitAsync(TimeSpan.FromSeconds(20), ct), Is.EqualTo(3));
        }, Token);

        Assert.That(await PlatformHealthChecks.PurgeAsync(before, 1000, Token), Is.Zero);
        Assert.That(
            (await HealthChecks.ListLatestAsync(deployment.Id, deployment.UserId, 10, Token)).Single().CheckedAt, Is.EqualTo(before));
        Assert.That(() => PlatformHealthChecks.PurgeAsync(before, 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task Add_many_names_the_invalid_check()
    {
        var deployment = await EnqueueAsync();
        var other = await EnqueueAsync();
        var good = Check(deployment, 0, true) with { Id = Guid.CreateVersion7() };
        await PlatformHealthChecks.AddManyAsync([good], Token);

        Assert.That(await PlatformHealthChecks.AddManyAsync([], Token), Is.Zero);
        Assert.That(() => PlatformHealthChecks.AddManyAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => PlatformHealthChecks.AddManyAsync([good, null!], Token), Throws.ArgumentException.With.Message.Contains("Check 1"));
        Assert.That(
            () => PlatformHealthChecks.AddManyAsync([good with { Url = " " }], Token),
            Throws.ArgumentException.With.Message.Contains("Check 0"));
        Assert.That(
            () => PlatformHealthChecks.AddManyAsync([good, good], Token), Throws.ArgumentException.With.Message.Contains("Check 1"));
        Assert.That(
            () => PlatformHealthChecks.AddManyAsync(new NewDeploymentHealthCheck[10_001], Token),
            Throws.ArgumentException.With.Message.Contains("10001 checks"));
        Assert.That(
            () => PlatformHealthChecks.AddManyAsync([good with { DeploymentId = other.Id }], Token),
            Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("deployment_health_checks_pkey"));
    }

    private static NewDeploymentHealthCheck Check(Deployment deployment, int minute, bool isLive) =>
        new() { DeploymentId = deployment.Id, Url = "http://localhost", IsLive = isLive, CheckedAt = Start.AddMinutes(minute) };

    // One check a minute, + for live and - for not.
    private Task CheckAsync(Deployment deployment, string checks) =>
        PlatformHealthChecks.AddManyAsync([.. checks.Select((c, i) => Check(deployment, i, c == '+'))], Token);

    private async Task<Deployment> RunningAsync(string checks)
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        var request = new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1", Host = Unique("host") };
        var container = (await PlatformContainers.ReserveAsync(request, Token)).Container!;
        await PlatformContainers.ConfirmAsync(container.Id, Unique("docker"), Token);
        await PlatformContainers.ReportRunningAsync(container.Id, Token);
        await ExecuteAsync("UPDATE deployment_containers SET created_at = '2025-01-01' WHERE id = $1", container.Id);
        await Lifecycle.SucceedAsync(deployment.Id, null, Token);
        await CheckAsync(deployment, checks);
        return deployment;
    }
}
