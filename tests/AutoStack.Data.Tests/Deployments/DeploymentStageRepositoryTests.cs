using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Deployments;

public sealed class DeploymentStageRepositoryTests : DatabaseTests
{
    [Test]
    public async Task A_stage_is_started_once_and_completed_once()
    {
        var deployment = await EnqueueAsync();

        Assert.That(
            await PlatformStages.CompleteAsync(deployment.Id, StageName.Deploying, Token),
            Is.EqualTo(TransitionOutcome.OutOfOrder),
            "not started");
        Assert.That(await PlatformStages.StartAsync(deployment.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await PlatformStages.StartAsync(deployment.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await PlatformStages.CompleteAsync(deployment.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(
            await PlatformStages.CompleteAsync(deployment.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(
            await PlatformStages.StartAsync(deployment.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.OutOfOrder), "ended");
        Assert.That(
            await PlatformStages.FailAsync(deployment.Id, StageName.Deploying, "late", Token),
            Is.EqualTo(TransitionOutcome.OutOfOrder),
            "ended");

        var stage = (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Single(
            s => s.Name == StageName.Deploying);
        Assert.That(stage.Status, Is.EqualTo(StageStatus.Completed));
        Assert.That(stage.CompletedAt, Is.GreaterThan(stage.StartedAt!.Value));
    }

    [Test]
    public async Task A_failed_stage_keeps_its_error()
    {
        var deployment = await EnqueueAsync();
        await PlatformStages.StartAsync(deployment.Id, StageName.Deploying, Token);

        Assert.That(
            await PlatformStages.FailAsync(deployment.Id, StageName.Deploying, "no such image", Token),
            Is.EqualTo(TransitionOutcome.Applied));

        var stage = (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Single(
            s => s.Name == StageName.Deploying);
        Assert.That((stage.Status, stage.ErrorMessage), Is.EqualTo((StageStatus.Failed, "no such image")));
    }

    [Test]
    public async Task Start_finds_a_pending_stage_of_another_program_in_any_case()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync(
            "INSERT INTO deployment_stages (id, deployment_id, stage_name) VALUES ($1, $2, 'DEPLOYING')", Guid.NewGuid(), deployment.Id);

        Assert.That(await PlatformStages.StartAsync(deployment.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(
            await PlatformStages.CompleteAsync(deployment.Id, StageName.From("Deploying"), Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_pseudo_stage_of_the_Python_services_is_readable_but_not_writable()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync(
            "INSERT INTO deployment_stages (id, deployment_id, stage_name) VALUES ($1, $2, 'Success')", Guid.NewGuid(), deployment.Id);

        var stages = await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token);

        Assert.That(stages.Single(s => !s.Name.IsKnown).Name.Value, Is.EqualTo("Success"));
        Assert.That(
            () => PlatformStages.StartAsync(deployment.Id, StageName.From("Success"), Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("name").And.Message.Contains("queued, cloning, checkout"));
    }

    [Test]
    public async Task A_stage_of_an_ended_deployment_is_not_started()
    {
        var cancelled = await StartedAsync(DeploymentStatus.Building);
        await Deployments.CancelAsync(cancelled.Id, cancelled.UserId, null, Token);

        Assert.That(await PlatformStages.StartAsync(cancelled.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(await PlatformStages.StartAsync(Guid.NewGuid(), StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.NotFound));
        Assert.That(await Stages.ListByDeploymentAsync(cancelled.Id, cancelled.UserId, Token), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_start_waits_for_an_open_cancel_and_changes_nothing()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Task<TransitionOutcome> start = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IDeploymentRepository>().CancelAsync(deployment.Id, deployment.UserId, null, token);
            start = PlatformStages.StartAsync(deployment.Id, StageName.Deploying, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await start, Is.EqualTo(TransitionOutcome.Cancelled));
    }

    [Test]
    public async Task Stages_of_a_foreign_deployment_are_not_listed()
    {
        var deployment = await EnqueueAsync();
        var stranger = await AddUserAsync();

        Assert.That(await Stages.ListByDeploymentAsync(deployment.Id, stranger.Id, Token), Is.Empty);
    }

    [Test]
    public void Invalid_arguments_are_named()
    {
        Assert.That(() => PlatformStages.FailAsync(Guid.NewGuid(), StageName.Building, " ", Token), Throws.ArgumentException);
        Assert.That(() => PlatformStages.CompleteAsync(Guid.NewGuid(), default, Token), Throws.ArgumentException);
    }
}
