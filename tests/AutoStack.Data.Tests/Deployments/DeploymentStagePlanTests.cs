using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>Stages that are planned before they start, and stages that are set where a caller says.</summary>
public sealed class DeploymentStagePlanTests : DatabaseTests
{
    private static readonly StageName[] Plan = [StageName.Cloning, StageName.Building, StageName.Deploying];

    [Test]
    public async Task Planned_stages_are_pending_until_the_deployment_reaches_them()
    {
        var deployment = await StartedAsync(DeploymentStatus.Cloning);

        Assert.That(await PlatformStages.PlanAsync(deployment.Id, Plan, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await ListAsync(deployment), Is.EqualTo(new[] { "cloning in_progress", "building pending", "deploying pending" }));
        var planned = (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token))[1];
        Assert.That(
            (planned.StartedAt, planned.CompletedAt, planned.ErrorMessage),
            Is.EqualTo(((DateTimeOffset?)null, (DateTimeOffset?)null, (string?)null)));

        await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Building, Token);
        var repeated = await PlatformStages.PlanAsync(deployment.Id, [.. Plan, .. Plan, StageName.From("BUILDING")], Token);
        Assert.That(repeated, Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await ListAsync(deployment), Is.EqualTo(new[] { "cloning completed", "building in_progress", "deploying pending" }));
        Assert.That(await PlatformStages.StartAsync(deployment.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.Applied));
    }

    [Test]
    public async Task A_queued_deployment_with_planned_stages_is_claimed()
    {
        await ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status = 'queued'");
        var deployment = await EnqueueAsync();
        await PlatformStages.PlanAsync(deployment.Id, [StageName.Queued, .. Plan], Token);

        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(deployment.Id));
        Assert.That(
            await ListAsync(deployment),
            Is.EqualTo(new[] { "queued completed", "cloning in_progress", "building pending", "deploying pending" }));
    }

    [Test]
    public async Task An_empty_plan_reports_whether_the_deployment_is_open()
    {
        var deployment = await EnqueueAsync();
        Assert.That(await PlatformStages.PlanAsync(deployment.Id, [], Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await PlatformStages.PlanAsync(Guid.NewGuid(), [], Token), Is.EqualTo(TransitionOutcome.NotFound));
    }

    [Test]
    public async Task An_ended_or_unknown_deployment_gets_no_stage()
    {
        var failed = await StartedAsync(DeploymentStatus.Building);
        await Lifecycle.FailAsync(failed.Id, "x", Token);
        var succeeded = await StartedAsync(DeploymentStatus.Building);
        await Lifecycle.SucceedAsync(succeeded.Id, null, Token);
        var deleted = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET is_deleted = TRUE WHERE id = $1", deleted.Id);

        foreach (var (id, outcome) in new[]
        {
            (failed.Id, TransitionOutcome.AlreadyFinished),
            (succeeded.Id, TransitionOutcome.AlreadyFinished),
            (deleted.Id, TransitionOutcome.Cancelled),
            (Guid.NewGuid(), TransitionOutcome.NotFound),
        })
        {
            Assert.That(await PlatformStages.PlanAsync(id, Plan, Token), Is.EqualTo(outcome));
            Assert.That(await PlatformStages.SetAsync(id, Deploying(StageStatus.InProgress), Token), Is.EqualTo(outcome));
            Assert.That(
                await ScalarAsync("SELECT count(*) FROM deployment_stages WHERE deployment_id = $1 AND stage_name = 'deploying'", id),
                Is.EqualTo(0));
        }
    }

    [Test]
    public async Task Plan_and_set_wait_for_an_open_cancel_and_change_nothing()
    {
        foreach (var late in new Func<Guid, Task<TransitionOutcome>>[]
        {
            id => PlatformStages.PlanAsync(id, Plan, Token),
            id => PlatformStages.SetAsync(id, Deploying(StageStatus.InProgress), Token),
        })
        {
            var deployment = await StartedAsync(DeploymentStatus.Building);
            Task<TransitionOutcome> call = null!;
            await UnitOfWork.RunAsync(async (tx, token) =>
            {
                await tx.Get<IDeploymentRepository>().CancelAsync(deployment.Id, deployment.UserId, null, token);
                call = late(deployment.Id);
                await UntilSomeoneWaitsAsync();
            }, Token);

            Assert.That(await call, Is.EqualTo(TransitionOutcome.Cancelled));
            Assert.That(await ListAsync(deployment), Is.EqualTo(new[] { "cloning completed", "building cancelled" }));
        }
    }

    [Test]
    public async Task A_cancel_waits_for_an_open_plan_and_cancels_its_stages()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Task<CancelOutcome> cancel = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IPlatformDeploymentStageRepository>().PlanAsync(deployment.Id, [StageName.Deploying], token);
            cancel = Deployments.CancelAsync(deployment.Id, deployment.UserId, null, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await cancel, Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(await ListAsync(deployment), Is.EqualTo(new[] { "cloning completed", "building cancelled", "deploying cancelled" }));
    }

    [TestCase("fail", "building failed", "deploying cancelled")]
    [TestCase("cancel", "building cancelled", "deploying cancelled")]
    [TestCase("delete", "building cancelled", "deploying cancelled")]
    [TestCase("succeed", "building completed", "deploying pending")]
    public async Task Pending_stages_are_cancelled_unless_the_deployment_succeeds(string end, params string[] expected)
    {
        var deployment = await StartedAsync(DeploymentStatus.Cloning);
        await PlatformStages.PlanAsync(deployment.Id, Plan, Token);
        await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Building, Token);

        await (end switch
        {
            "fail" => (Task)Lifecycle.FailAsync(deployment.Id, "exit code 1", Token),
            "cancel" => Deployments.CancelAsync(deployment.Id, deployment.UserId, "stop", Token),
            "delete" => Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token),
            _ => Lifecycle.SucceedAsync(deployment.Id, null, Token),
        });

        await ExecuteAsync("UPDATE deployments SET is_deleted = FALSE WHERE id = $1", deployment.Id);
        Assert.That(await ListAsync(deployment), Is.EqualTo(new[] { "cloning completed" }.Concat(expected)));
        var last = (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token))[^1];
        Assert.That(
            (last.StartedAt, last.CompletedAt is null, last.ErrorMessage),
            Is.EqualTo(((DateTimeOffset?)null, end == "succeed", (string?)null)));
    }

    [Test]
    public async Task A_stage_goes_from_pending_to_its_end_and_never_back()
    {
        var deployment = await EnqueueAsync();
        Task<TransitionOutcome> SetAsync(StageStatus status) => PlatformStages.SetAsync(deployment.Id, Deploying(status), Token);

        Assert.That(await SetAsync(StageStatus.Pending), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await SetAsync(StageStatus.Pending), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await FindAsync(deployment), Is.EqualTo((StageStatus.Pending, false, false)));
        Assert.That(await SetAsync(StageStatus.InProgress), Is.EqualTo(TransitionOutcome.Applied));
        var entered = await StageAsync(deployment);
        Assert.That((entered.Status, entered.CompletedAt), Is.EqualTo((StageStatus.InProgress, (DateTimeOffset?)null)));
        Assert.That(await SetAsync(StageStatus.InProgress), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await SetAsync(StageStatus.Pending), Is.EqualTo(TransitionOutcome.OutOfOrder));
        Assert.That(await SetAsync(StageStatus.Completed), Is.EqualTo(TransitionOutcome.Applied));
        var ended = await StageAsync(deployment);
        Assert.That((ended.Id, ended.StartedAt), Is.EqualTo((entered.Id, entered.StartedAt)), "the start stays");
        Assert.That(ended.CompletedAt, Is.GreaterThan(ended.StartedAt!.Value));
        foreach (var status in StageStatus.Known)
        {
            var outcome = status == StageStatus.Completed ? TransitionOutcome.AlreadyThere : TransitionOutcome.OutOfOrder;
            Assert.That(await SetAsync(status), Is.EqualTo(outcome), status.Value);
        }

        Assert.That(await StageAsync(deployment), Is.EqualTo(ended));
    }

    [TestCase("completed", true)]
    [TestCase("failed", true)]
    [TestCase("cancelled", false)]
    public async Task A_stage_that_ends_immediately_has_a_start_unless_cancelled(string status, bool started)
    {
        var (planned, fresh) = (await EnqueueAsync(), await EnqueueAsync());
        await PlatformStages.PlanAsync(planned.Id, [StageName.Deploying], Token);

        foreach (var deployment in new[] { planned, fresh })
        {
            var change = new StageChange { Name = StageName.From("DEPLOYING"), Status = StageStatus.From(status.ToUpperInvariant()) };
            Assert.That(await PlatformStages.SetAsync(deployment.Id, change, Token), Is.EqualTo(TransitionOutcome.Applied));
            Assert.That(await FindAsync(deployment), Is.EqualTo((StageStatus.From(status), started, true)));
        }

        Assert.That((await StageAsync(fresh)).Name.Value, Is.EqualTo("deploying"), "as the library spells it");
    }

    [Test]
    public async Task A_stage_never_ends_before_its_start()
    {
        var deployment = await EnqueueAsync();
        await PlatformStages.SetAsync(deployment.Id, Deploying(StageStatus.InProgress), Token);
        await ExecuteAsync(
            "UPDATE deployment_stages SET started_at = started_at + interval '1 day' WHERE deployment_id = $1", deployment.Id);

        await PlatformStages.SetAsync(deployment.Id, Deploying(StageStatus.Failed) with { ErrorMessage = "no such image \0" }, Token);

        var stage = await StageAsync(deployment);
        Assert.That((stage.CompletedAt, stage.ErrorMessage), Is.EqualTo((stage.StartedAt, "no such image \uFFFD")));
    }

    [Test]
    public async Task Set_finds_a_stage_of_another_program_in_any_case()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync(
            "INSERT INTO deployment_stages (id, deployment_id, stage_name) VALUES ($1, $2, 'Deploying')", Guid.NewGuid(), deployment.Id);

        Assert.That(
            await PlatformStages.SetAsync(deployment.Id, Deploying(StageStatus.InProgress), Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await ListAsync(deployment), Is.EqualTo(new[] { "queued in_progress", "Deploying in_progress" }));
    }

    [Test]
    public async Task Two_concurrent_sets_of_a_stage_make_one_row()
    {
        var deployment = await EnqueueAsync();
        Task<TransitionOutcome> second = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var first = await tx.Get<IPlatformDeploymentStageRepository>().SetAsync(deployment.Id, Deploying(StageStatus.Completed), token);
            Assert.That(first, Is.EqualTo(TransitionOutcome.Applied));
            second = PlatformStages.SetAsync(deployment.Id, Deploying(StageStatus.InProgress), Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await second, Is.EqualTo(TransitionOutcome.OutOfOrder), "it has ended");
        Assert.That(await ListAsync(deployment), Is.EqualTo(new[] { "queued in_progress", "deploying completed" }));
    }

    [Test]
    public async Task Two_concurrent_starts_of_a_stage_make_one_row()
    {
        var deployment = await EnqueueAsync();
        Task<TransitionOutcome> second = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var first = await tx.Get<IPlatformDeploymentStageRepository>().StartAsync(deployment.Id, StageName.Deploying, token);
            Assert.That(first, Is.EqualTo(TransitionOutcome.Applied));
            second = PlatformStages.StartAsync(deployment.Id, StageName.Deploying, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await second, Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await ListAsync(deployment), Is.EqualTo(new[] { "queued in_progress", "deploying in_progress" }));
    }

    [Test]
    public async Task Stages_of_many_deployments_are_listed_in_order()
    {
        var project = await AddProjectAsync();
        var (first, second, none) = (await EnqueueAsync(project), await EnqueueAsync(project), await EnqueueAsync(project));
        await PlatformStages.PlanAsync(first.Id, [.. Plan.Reverse()], Token);
        await PlatformStages.PlanAsync(second.Id, [StageName.Copying], Token);
        await ExecuteAsync("DELETE FROM deployment_stages WHERE deployment_id = $1", none.Id);
        var deleted = await EnqueueAsync(project);
        await Deployments.SoftDeleteAsync(deleted.Id, deleted.UserId, Token);
        var foreign = await EnqueueAsync();
        Guid[] ids = [second.Id, first.Id, first.Id, none.Id, deleted.Id, foreign.Id, Guid.NewGuid()];

        var stages = await Stages.ListByDeploymentsAsync(ids, project.UserId, Token);

        Assert.That(stages.Select(group => group.Key), Is.EquivalentTo(new[] { first.Id, second.Id }));
        Assert.That(stages[first.Id], Is.EqualTo(await Stages.ListByDeploymentAsync(first.Id, project.UserId, Token)));
        Assert.That(stages[second.Id], Is.EqualTo(await Stages.ListByDeploymentAsync(second.Id, project.UserId, Token)));
        Assert.That(stages[none.Id], Is.Empty);
        Assert.That(await Stages.ListByDeploymentsAsync([], project.UserId, Token), Is.Empty);
        Assert.That(await Stages.ListByDeploymentsAsync(new Guid[100], project.UserId, Token), Is.Empty);
    }

    [Test]
    public void Invalid_arguments_are_named()
    {
        var id = Guid.NewGuid();
        Assert.That(() => PlatformStages.PlanAsync(id, null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => PlatformStages.PlanAsync(id, [StageName.Cloning, default], Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("names"));
        Assert.That(
            () => PlatformStages.PlanAsync(id, new StageName[101], Token), Throws.ArgumentException.With.Message.Contains("at most 100"));
        var change = Deploying(StageStatus.Completed);
        Assert.That(() => PlatformStages.SetAsync(id, null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => PlatformStages.SetAsync(id, change with { Name = StageName.From("Success") }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("change.Name"));
        Assert.That(
            () => PlatformStages.SetAsync(id, change with { Status = default }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("change.Status"));
        Assert.That(
            () => PlatformStages.SetAsync(id, change with { ErrorMessage = "x" }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("change.ErrorMessage").And.Message.Contains("ErrorMessage"));
        Assert.That(() => Stages.ListByDeploymentsAsync(null!, id, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Stages.ListByDeploymentsAsync(new Guid[101], id, Token), Throws.ArgumentException.With.Message.Contains("at most 100"));
    }

    private static StageChange Deploying(StageStatus status) => new() { Name = StageName.Deploying, Status = status };

    private async Task<IEnumerable<string>> ListAsync(Deployment deployment) =>
        (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Select(s => $"{s.Name} {s.Status}");

    private async Task<DeploymentStage> StageAsync(Deployment deployment) =>
        (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Single(s => s.Name == StageName.Deploying);

    private async Task<(StageStatus Status, bool Started, bool Ended)> FindAsync(Deployment deployment) =>
        await StageAsync(deployment) is var stage ? (stage.Status, stage.StartedAt is not null, stage.CompletedAt is not null) : default;
}
