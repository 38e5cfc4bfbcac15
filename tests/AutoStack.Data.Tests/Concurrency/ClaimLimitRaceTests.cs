using System.Collections.Concurrent;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Concurrency;

public sealed class ClaimLimitRaceTests : DatabaseTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [SetUp]
    public Task EmptyTheQueueAsync() =>
        ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status NOT IN ('success', 'failed', 'cancelled')");

    [Test]
    public async Task A_project_at_its_limit_is_skipped_until_a_deployment_ends()
    {
        var busy = await AddProjectAsync();
        var (first, second, third) = (await EnqueueAsync(busy), await EnqueueAsync(busy), await EnqueueAsync(busy));
        var other = await EnqueueAsync();

        var job = (await Lifecycle.ClaimNextAsync(PerProject(1), Token))!;
        Assert.That((job.Deployment.Id, job.Deployment.Status, job.Project), Is.EqualTo((first.Id, DeploymentStatus.Cloning, busy)));
        Assert.That(await Deployments.FindAsync(first.Id, first.UserId, Token), Is.EqualTo(job.Deployment));
        Assert.That(
            (await Stages.ListByDeploymentAsync(first.Id, first.UserId, Token)).Select(s => $"{s.Name} {s.Status}"),
            Is.EqualTo(new[] { "queued completed", "cloning in_progress" }));
        Assert.That((await Lifecycle.ClaimNextAsync(PerProject(1), Token))!.Deployment.Id, Is.EqualTo(other.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(PerProject(1), Token), Is.Null);
        Assert.That((await Lifecycle.ClaimNextAsync(PerProject(2), Token))!.Deployment.Id, Is.EqualTo(second.Id));

        await Lifecycle.FailAsync(first.Id, "x", Token);
        Assert.That(await Lifecycle.ClaimNextAsync(PerProject(1), Token), Is.Null, "the second one is still under way");
        await Deployments.SoftDeleteAsync(second.Id, second.UserId, Token);
        Assert.That((await Lifecycle.ClaimNextAsync(PerProject(1), Token))!.Deployment.Id, Is.EqualTo(third.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(PerProject(int.MaxValue), Token), Is.Null);
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(int.MinValue)]
    public void A_limit_below_one_is_refused(int limit) =>
        Assert.That(
            () => Lifecycle.ClaimNextAsync(PerProject(limit), Token),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("options.MaxPerProject"));

    [Test]
    public async Task Overlapping_claims_neither_exceed_the_project_limit_nor_wait()
    {
        var project = await AddProjectAsync();
        var first = await EnqueueAsync(project);
        await EnqueueAsync(project);

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That((await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(PerProject(1), token))!.Deployment.Id, Is.EqualTo(first.Id));
            Assert.That(await Lifecycle.ClaimNextAsync(PerProject(1), token).WaitAsync(Patience, token), Is.Null);
        }, Token);

        Assert.That(await Lifecycle.ClaimNextAsync(PerProject(1), Token), Is.Null);
        Assert.That(await UnderWayAsync(project), Is.EqualTo(1));
    }

    [Test]
    public async Task Claims_within_one_unit_of_work_keep_the_limit()
    {
        var project = await AddProjectAsync();
        await EnqueueAsync(project);
        await EnqueueAsync(project);
        var other = await EnqueueAsync();

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var lifecycle = tx.Get<IDeploymentLifecycle>();
            Assert.That((await lifecycle.ClaimNextAsync(PerProject(1), token))!.Project.Id, Is.EqualTo(project.Id));
            Assert.That((await lifecycle.ClaimNextAsync(PerProject(1), token))!.Deployment.Id, Is.EqualTo(other.Id));
            Assert.That(await lifecycle.ClaimNextAsync(PerProject(1), token), Is.Null);
        }, Token);

        Assert.That(await UnderWayAsync(project), Is.EqualTo(1));
    }

    [Test]
    public async Task A_long_queue_of_one_project_does_not_delay_another()
    {
        var busy = await AddProjectAsync();
        await FillAsync(busy, 2000);
        var other = await EnqueueAsync();

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That((await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(PerProject(2), token))!.Project.Id, Is.EqualTo(busy.Id));
            Assert.That(
                (await Lifecycle.ClaimNextAsync(PerProject(2), token).WaitAsync(Patience, token))!.Deployment.Id,
                Is.EqualTo(other.Id),
                "the project is held");
        }, Token);
        var next = await EnqueueAsync();
        await Lifecycle.ClaimNextAsync(PerProject(2), Token);

        Assert.That(
            (await Lifecycle.ClaimNextAsync(PerProject(2), Token))!.Deployment.Id, Is.EqualTo(next.Id), "the project is at its limit");
    }

    [Test]
    public async Task A_locked_queued_deployment_does_not_delay_another()
    {
        var held = await EnqueueAsync();
        var other = await EnqueueAsync();

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IDeploymentRepository>().CancelAsync(held.Id, held.UserId, null, token);
            Assert.That(
                (await Lifecycle.ClaimNextAsync(PerProject(1), token).WaitAsync(Patience, token))!.Deployment.Id, Is.EqualTo(other.Id));
        }, Token);

        Assert.That(await Lifecycle.ClaimNextAsync(PerProject(1), Token), Is.Null);
    }

    [Test]
    public async Task An_open_enqueue_or_append_does_not_hide_a_project()
    {
        var deployment = await EnqueueAsync();

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IDeploymentRepository>().EnqueueAsync(
                new NewDeployment { ProjectId = deployment.ProjectId, UserId = deployment.UserId }, token);
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(
                deployment.Id, [new NewDeploymentLog { Message = "queued" }], token);
            Assert.That(
                (await Lifecycle.ClaimNextAsync(PerProject(1), token).WaitAsync(Patience, token))?.Deployment.Id,
                Is.EqualTo(deployment.Id));
        }, Token);
    }

    [Test]
    public async Task A_claim_that_is_rolled_back_frees_its_place()
    {
        var deployment = await EnqueueAsync();

        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, token) =>
            {
                await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(PerProject(1), token);
                throw new InvalidOperationException();
            }, Token),
            Throws.InvalidOperationException);

        Assert.That((await Lifecycle.ClaimNextAsync(PerProject(1), Token))!.Deployment.Id, Is.EqualTo(deployment.Id));
    }

    [Test]
    public async Task Sixteen_workers_claim_everything_and_never_exceed_the_project_limit()
    {
        const int Limit = 2;
        var all = 0;
        foreach (var count in new[] { 60, 5, 20, 1, 34 })
        {
            await FillAsync(await AddProjectAsync(), count);
            all += count;
        }

        await WorkAsync(all, PerProject(Limit), "project_id", Limit);
    }

    [Test]
    public async Task A_user_at_the_limit_is_skipped_until_a_deployment_ends()
    {
        var user = await AddUserAsync();
        var (first, second) = (await EnqueueAsync(await AddProjectAsync(user.Id)), await EnqueueAsync(await AddProjectAsync(user.Id)));
        var other = await EnqueueAsync();
        var limit = new ClaimOptions { MaxPerUser = 1 };

        Assert.That((await Lifecycle.ClaimNextAsync(limit, Token))!.Deployment.Id, Is.EqualTo(first.Id));
        Assert.That((await Lifecycle.ClaimNextAsync(limit, Token))!.Deployment.Id, Is.EqualTo(other.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(limit, Token), Is.Null);

        await Lifecycle.FailAsync(first.Id, "x", Token);
        Assert.That((await Lifecycle.ClaimNextAsync(limit, Token))!.Deployment.Id, Is.EqualTo(second.Id));
    }

    [Test]
    public async Task A_project_at_its_limit_hides_no_other_project_and_no_user()
    {
        var busy = await AddProjectAsync();
        await FillAsync(busy, 3000);
        var mine = await EnqueueAsync(await AddProjectAsync(busy.UserId));
        var limit = new ClaimOptions { MaxPerProject = 1, MaxPerUser = 2 };
        Assert.That((await Lifecycle.ClaimNextAsync(limit, Token))!.Project.Id, Is.EqualTo(busy.Id));

        Assert.That((await Lifecycle.ClaimNextAsync(limit, Token))!.Deployment.Id, Is.EqualTo(mine.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(limit, Token), Is.Null, "the user is at the limit");

        var other = await EnqueueAsync();
        Assert.That((await Lifecycle.ClaimNextAsync(limit, Token))!.Deployment.Id, Is.EqualTo(other.Id));
    }

    [Test]
    public async Task Overlapping_claims_do_not_exceed_the_user_limit()
    {
        var user = await AddUserAsync();
        var first = await EnqueueAsync(await AddProjectAsync(user.Id));
        await EnqueueAsync(await AddProjectAsync(user.Id));
        var limit = new ClaimOptions { MaxPerUser = 1 };

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That((await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(limit, token))!.Deployment.Id, Is.EqualTo(first.Id));
            Assert.That(await Lifecycle.ClaimNextAsync(limit, token).WaitAsync(Patience, token), Is.Null);
        }, Token);

        Assert.That(await Lifecycle.ClaimNextAsync(limit, Token), Is.Null);
    }

    [TestCase(0)]
    [TestCase(int.MinValue)]
    public void A_user_limit_below_one_is_refused(int limit) =>
        Assert.That(
            () => Lifecycle.ClaimNextAsync(new ClaimOptions { MaxPerUser = limit }, Token),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("options.MaxPerUser"));

    [Test]
    public async Task Sixteen_workers_never_exceed_the_user_limit()
    {
        var all = 0;
        foreach (var count in new[] { 40, 3, 20 })
        {
            var user = await AddUserAsync();
            await FillAsync(await AddProjectAsync(user.Id), count);
            await FillAsync(await AddProjectAsync(user.Id), count);
            all += 2 * count;
        }

        await WorkAsync(all, new ClaimOptions { MaxPerUser = 2 }, "user_id", 2);
    }

    // Sixteen workers claim and end everything, while the number that is under way at once is counted.
    private async Task WorkAsync(int all, ClaimOptions options, string column, int limit)
    {
        var claimed = new ConcurrentBag<Guid>();
        var most = new ConcurrentBag<long>();
        using var start = new Barrier(16);
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Token);
        timeout.CancelAfter(TimeSpan.FromMinutes(2));
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Factory.StartNew(
            async () =>
            {
                start.SignalAndWait(TimeSpan.FromSeconds(30));
                while (claimed.Count < all)
                {
                    if (await Lifecycle.ClaimNextAsync(options, timeout.Token) is not { } job)
                    {
                        await Task.Delay(1, timeout.Token);
                        continue;
                    }

                    most.Add((long)(await ScalarAsync(
                        "SELECT max(n) FROM (SELECT count(*) AS n FROM deployments WHERE status = 'cloning' GROUP BY " + column + ") c"))!);
                    claimed.Add(job.Deployment.Id);
                    await Lifecycle.FailAsync(job.Deployment.Id, "done", timeout.Token);
                }
            }, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));

        Assert.That(claimed, Has.Count.EqualTo(all).And.Unique);
        Assert.That(most, Is.All.LessThanOrEqualTo(limit));
    }

    private Task FillAsync(Project project, int count) =>
        ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT gen_random_uuid(), $1, $2, 'queued', 'manual', FALSE, '2026-01-01'::timestamp + n * interval '1 s', FALSE
            FROM generate_series(1, $3) n
            """, project.Id, project.UserId, count);

    private async Task<long> UnderWayAsync(Project project) =>
        (long)(await ScalarAsync("SELECT count(*) FROM deployments WHERE project_id = $1 AND status = 'cloning'", project.Id))!;
}
