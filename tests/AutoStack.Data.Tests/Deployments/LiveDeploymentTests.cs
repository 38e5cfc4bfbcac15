using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>An older deployment that ends later never goes live over a newer one.</summary>
public sealed class LiveDeploymentTests : DatabaseTests
{
    [Test]
    public async Task A_production_deployment_that_ends_after_a_newer_one_is_cancelled([Values] bool sameBranch)
    {
        var project = await AddProjectAsync();
        var older = await BuildingAsync(project, production: true, "main");
        var newer = await BuildingAsync(project, production: true, sameBranch ? "main" : "release");
        Assert.That(await Lifecycle.SucceedAsync(newer.Id, "https://new", Token), Is.EqualTo(TransitionOutcome.Applied));

        Assert.That(await Lifecycle.SucceedAsync(older.Id, "https://old", Token), Is.EqualTo(TransitionOutcome.Superseded));

        var found = (await Deployments.FindAsync(older.Id, project.UserId, Token))!;
        Assert.That(
            (found.Status, found.FailedReason, found.DeployedUrl),
            Is.EqualTo((DeploymentStatus.Cancelled, "A newer deployment is live.", (string?)null)));
        Assert.That(found.BuildDurationSeconds, Is.Not.Null);
        Assert.That(
            (await Stages.ListByDeploymentAsync(older.Id, project.UserId, Token)).Select(stage => stage.Status),
            Does.Not.Contain(StageStatus.InProgress));
        Assert.That(await LiveAsync(project), Is.EqualTo(newer.Id));
        Assert.That(
            await Lifecycle.SucceedAsync(older.Id, "https://old", Token), Is.EqualTo(TransitionOutcome.Superseded), "repeated");
        Assert.That(TransitionOutcome.Superseded.MayContinue(), Is.False);
    }

    [Test]
    public async Task A_preview_is_compared_with_previews_of_its_branch_only()
    {
        var project = await AddProjectAsync();
        var older = await BuildingAsync(project, production: false, "main");
        var other = await BuildingAsync(project, production: false, "feature");
        var oldest = await BuildingAsync(project, production: true, "main");
        var newer = await BuildingAsync(project, production: false, "main");
        Assert.That(await Lifecycle.SucceedAsync(newer.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));

        Assert.That(await Lifecycle.SucceedAsync(other.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Lifecycle.SucceedAsync(oldest.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Lifecycle.SucceedAsync(older.Id, null, Token), Is.EqualTo(TransitionOutcome.Superseded));
    }

    [Test]
    public async Task A_deployment_in_order_goes_live_and_a_failed_newer_one_does_not_count()
    {
        var project = await AddProjectAsync();
        var first = await BuildingAsync(project, production: true, "main");
        Assert.That(await Lifecycle.SucceedAsync(first.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        var second = await BuildingAsync(project, production: true, "main");
        var third = await BuildingAsync(project, production: true, "main");
        await Lifecycle.FailAsync(third.Id, "broken", Token);

        Assert.That(await Lifecycle.SucceedAsync(second.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await LiveAsync(project), Is.EqualTo(second.Id));
        Assert.That(await Lifecycle.SucceedAsync(second.Id, null, Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
    }

    [TestCase("unhealthy")]
    [TestCase("deleted")]
    [TestCase("purged")]
    public async Task A_newer_one_that_is_no_longer_live_gives_way(string end)
    {
        var project = await AddProjectAsync();
        var older = await BuildingAsync(project, production: true, "main");
        var newer = await BuildingAsync(project, production: true, "main");
        await Lifecycle.SucceedAsync(newer.Id, null, Token);
        switch (end)
        {
            case "unhealthy":
                Assert.That(await Maintenance.ReportUnhealthyAsync(newer.Id, "down", Token), Is.True);
                break;
            case "deleted":
                await Deployments.SoftDeleteAsync(newer.Id, project.UserId, Token);
                break;
            default:
                await ExecuteAsync("DELETE FROM deployments WHERE id = $1", newer.Id);
                break;
        }

        Assert.That(await Lifecycle.SucceedAsync(older.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await LiveAsync(project), Is.EqualTo(older.Id));
    }

    // The older one waits for the newer one's commit: with no live deployment before, and with one that gave way.
    [Test]
    public async Task Of_two_that_end_at_once_the_newer_one_goes_live([Values] bool first)
    {
        var project = await AddProjectAsync();
        if (!first)
        {
            var gone = await BuildingAsync(project, production: true, "main");
            await Lifecycle.SucceedAsync(gone.Id, null, Token);
            await Maintenance.ReportUnhealthyAsync(gone.Id, "down", Token);
        }

        var older = await BuildingAsync(project, production: true, "main");
        var newer = await BuildingAsync(project, production: true, "main");
        Task<TransitionOutcome> late = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That(
                await tx.Get<IDeploymentLifecycle>().SucceedAsync(newer.Id, null, token), Is.EqualTo(TransitionOutcome.Applied));
            late = Lifecycle.SucceedAsync(older.Id, null, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await late, Is.EqualTo(TransitionOutcome.Superseded));
        Assert.That(await LiveAsync(project), Is.EqualTo(newer.Id));
    }

    [Test]
    public async Task Of_two_of_the_same_microsecond_the_one_with_the_greater_id_is_the_newer()
    {
        var project = await AddProjectAsync();
        Deployment[] two = [await BuildingAsync(project, true, "main"), await BuildingAsync(project, true, "main")];
        await ExecuteAsync("UPDATE deployments SET created_at = '2026-03-01', started_at = '2026-03-02' WHERE project_id = $1", project.Id);

        Assert.That(await Lifecycle.SucceedAsync(two[1].Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Lifecycle.SucceedAsync(two[0].Id, null, Token), Is.EqualTo(TransitionOutcome.Superseded));
    }

    [Test]
    public async Task A_row_of_a_program_whose_clock_is_an_hour_fast_does_not_stop_the_next_deployment()
    {
        var project = await AddProjectAsync();
        var fast = await BuildingAsync(project, production: true, "main");
        await ExecuteAsync("UPDATE deployments SET created_at = created_at + interval '1 hour' WHERE id = $1", fast.Id);
        Assert.That(await Lifecycle.SucceedAsync(fast.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        var next = await BuildingAsync(project, production: true, "main");

        Assert.That(await Lifecycle.SucceedAsync(next.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await LiveAsync(project), Is.EqualTo(next.Id));
    }

    [Test]
    public async Task A_start_that_is_no_time_does_not_make_a_deployment_the_oldest()
    {
        var project = await AddProjectAsync();
        var live = await BuildingAsync(project, production: true, "main");
        await Lifecycle.SucceedAsync(live.Id, null, Token);
        var foreign = await BuildingAsync(project, production: true, "main");
        await ExecuteAsync("UPDATE deployments SET started_at = '-infinity' WHERE id = $1", foreign.Id);

        Assert.That(await Lifecycle.SucceedAsync(foreign.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
    }

    // Its age is that of the request: who schedules an old state must not undo what was deployed since.
    [Test]
    public async Task A_scheduled_deployment_gives_way_to_one_that_was_queued_after_the_request_and_went_live()
    {
        var project = await AddProjectAsync();
        var scheduled = (await Deployments.EnqueueAsync(
            new NewDeployment
            {
                ProjectId = project.Id,
                UserId = project.UserId,
                IsProduction = true,
                StartAt = Clock.GetUtcNow().AddHours(1),
            }, Token))!;
        var newer = await BuildingAsync(project, production: true, "main");
        await Lifecycle.SucceedAsync(newer.Id, null, Token);
        Clock.Advance(TimeSpan.FromHours(2));
        var job = (await Lifecycle.ClaimNextAsync(Token))!;
        Assert.That(job.Deployment.Id, Is.EqualTo(scheduled.Id));
        await Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, Token);

        Assert.That(await Lifecycle.SucceedAsync(job.Claim, null, Token), Is.EqualTo(TransitionOutcome.Superseded));
        Assert.That(await LiveAsync(project), Is.EqualTo(newer.Id));
    }

    private async Task<Deployment> BuildingAsync(Project project, bool production, string branch)
    {
        var request = new NewDeployment { ProjectId = project.Id, UserId = project.UserId, IsProduction = production, Branch = branch };
        var deployment = (await Deployments.EnqueueAsync(request, Token))!;
        await ExecuteAsync("UPDATE deployments SET status = 'building', started_at = created_at WHERE id = $1", deployment.Id);
        return deployment;
    }

    private async Task<object?> LiveAsync(Project project) => await ScalarAsync(
        "SELECT deployment_id FROM live_deployments WHERE project_id = $1 AND is_production", project.Id);
}
