using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Deployments;

public sealed class DeploymentLifecycleTests : DatabaseTests
{
    [Test]
    public async Task Claim_takes_the_oldest_queued_deployment_with_its_project()
    {
        await EmptyTheQueueAsync();
        var first = await EnqueueAsync();
        var second = await EnqueueAsync();

        var job = (await Lifecycle.ClaimNextAsync(Token))!;

        Assert.That(job.Deployment.Id, Is.EqualTo(first.Id));
        Assert.That(job.Project.Id, Is.EqualTo(first.ProjectId));
        Assert.That(job.Deployment.Status, Is.EqualTo(DeploymentStatus.Cloning));
        Assert.That(job.Deployment.StartedAt, Is.Not.Null);
        Assert.That(await Deployments.FindAsync(first.Id, first.UserId, Token), Is.EqualTo(job.Deployment));
        Assert.That(await StagesAsync(first), Is.EqualTo(new[] { "queued completed", "cloning in_progress" }));
        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(second.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(Token), Is.Null);
    }

    [Test]
    public async Task Claim_skips_cancelled_and_deleted_deployments()
    {
        await EmptyTheQueueAsync();
        var cancelled = await EnqueueAsync();
        var deleted = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET is_deleted = TRUE WHERE id = $1", deleted.Id);
        await Deployments.CancelAsync(cancelled.Id, cancelled.UserId, null, Token);

        Assert.That(await Lifecycle.ClaimNextAsync(Token), Is.Null);
    }

    [Test]
    public async Task A_deployment_goes_through_its_steps_and_its_stages_follow()
    {
        var deployment = await StartedAsync(DeploymentStatus.Cloning);

        DeploymentStatus[] steps =
            [DeploymentStatus.Checkout, DeploymentStatus.Installing, DeploymentStatus.Building, DeploymentStatus.Copying];
        foreach (var step in steps)
        {
            Assert.That(await Lifecycle.AdvanceAsync(deployment.Id, step, Token), Is.EqualTo(TransitionOutcome.Applied), step.Value);
        }

        Clock.Advance(TimeSpan.FromSeconds(90));
        Assert.That(await Lifecycle.SucceedAsync(deployment.Id, "https://ada.example.com", Token), Is.EqualTo(TransitionOutcome.Applied));

        var found = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
        Assert.That(found.Status, Is.EqualTo(DeploymentStatus.Success));
        Assert.That(found.DeployedUrl, Is.EqualTo("https://ada.example.com"));
        Assert.That(found.BuildDurationSeconds, Is.EqualTo((int)Math.Round((found.CompletedAt - found.StartedAt)!.Value.TotalSeconds)));
        Assert.That(found.BuildDurationSeconds, Is.GreaterThanOrEqualTo(90));
        Assert.That(
            await StagesAsync(deployment),
            Is.EqualTo(
                ["cloning completed", "checkout completed", "installing completed", "building completed", "copying completed"]));
    }

    [Test]
    public async Task Steps_may_be_left_out_and_never_go_back()
    {
        var deployment = await StartedAsync(DeploymentStatus.Checkout);

        Assert.That(await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(
            await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Installing, Token), Is.EqualTo(TransitionOutcome.OutOfOrder));
        Assert.That(
            await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await StagesAsync(deployment), Is.EqualTo(new[] { "cloning completed", "checkout completed", "building in_progress" }));
    }

    [Test]
    public async Task Advance_does_not_apply_to_a_queued_deployment()
    {
        var deployment = await EnqueueAsync();

        Assert.That(
            await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.OutOfOrder));
        Assert.That(await Lifecycle.SucceedAsync(deployment.Id, null, Token), Is.EqualTo(TransitionOutcome.OutOfOrder));
        Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    [TestCase("queued")]
    [TestCase("cloning")]
    [TestCase("success")]
    [TestCase("cancelled")]
    [TestCase("nonsense")]
    [TestCase("")]
    public void Advance_refuses_a_status_that_is_not_a_step(string step) =>
        Assert.That(
            () => Lifecycle.AdvanceAsync(Guid.NewGuid(), DeploymentStatus.From(step), Token),
            Throws.ArgumentException.With.Message.Contains("checkout, installing, building, copying"));

    [Test]
    public async Task No_step_overwrites_a_cancel()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await Deployments.CancelAsync(deployment.Id, deployment.UserId, null, Token);
        var cancelled = await Deployments.FindAsync(deployment.Id, deployment.UserId, Token);

        Assert.That(await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Copying, Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(await Lifecycle.SucceedAsync(deployment.Id, "https://x", Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(await Lifecycle.FailAsync(deployment.Id, "late", Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(
            await Lifecycle.RecordCommitAsync(deployment.Id, new CommitInfo("abc"), Token), Is.EqualTo(TransitionOutcome.Cancelled));

        Assert.That(await Deployments.FindAsync(deployment.Id, deployment.UserId, Token), Is.EqualTo(cancelled));
    }

    [Test]
    public async Task Fail_ends_the_current_stage_with_the_same_reason()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);

        Assert.That(await Lifecycle.FailAsync(deployment.Id, "exit code 1", Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Lifecycle.FailAsync(deployment.Id, "again", Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));

        var found = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
        Assert.That((found.Status, found.FailedReason), Is.EqualTo((DeploymentStatus.Failed, "exit code 1")));
        Assert.That(found.CompletedAt, Is.Not.Null);
        var stage = (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Single(s => s.Name == StageName.Building);
        Assert.That(
            (stage.Status, stage.ErrorMessage, stage.CompletedAt), Is.EqualTo((StageStatus.Failed, "exit code 1", found.CompletedAt)));
    }

    [TestCase(null)]
    [TestCase(" ")]
    public void Fail_needs_a_reason(string? reason) =>
        Assert.That(
            () => Lifecycle.FailAsync(Guid.NewGuid(), reason!, Token),
            Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo("reason"));

    [Test]
    public async Task A_step_of_an_unknown_deployment_is_not_found()
    {
        var nobody = Guid.NewGuid();

        Assert.That(await Lifecycle.AdvanceAsync(nobody, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.NotFound));
        Assert.That(await Lifecycle.SucceedAsync(nobody, null, Token), Is.EqualTo(TransitionOutcome.NotFound));
        Assert.That(await Lifecycle.FailAsync(nobody, "x", Token), Is.EqualTo(TransitionOutcome.NotFound));
        Assert.That(await Lifecycle.FindStatusAsync(nobody, Token), Is.Null);
        Assert.That(await Lifecycle.RecordCommitAsync(nobody, new CommitInfo("abc"), Token), Is.EqualTo(TransitionOutcome.NotFound));
    }

    [Test]
    public async Task Record_commit_stores_the_values_and_cleans_their_text()
    {
        var deployment = await StartedAsync(DeploymentStatus.Checkout);
        var time = new DateTimeOffset(2026, 5, 6, 7, 8, 9, TimeSpan.FromHours(-7)).AddTicks(1234567);

        var commit = new CommitInfo("abc123", "a\0b\ud800", "Ada", time);
        Assert.That(await Lifecycle.RecordCommitAsync(deployment.Id, commit, Token), Is.EqualTo(TransitionOutcome.Applied));

        var found = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
        Assert.That((found.CommitHash, found.CommitMessage, found.Author), Is.EqualTo(("abc123", "a\uFFFDb\uFFFD", "Ada")));
        Assert.That(found.CommitTimestamp, Is.EqualTo(time.AddTicks(-7)));
    }

    [Test]
    public async Task Record_commit_keeps_stored_values_of_the_same_commit()
    {
        var deployment = await StartedAsync(DeploymentStatus.Checkout);
        await Lifecycle.RecordCommitAsync(deployment.Id, new CommitInfo("abc", "Fix", "Ada"), Token);

        await Lifecycle.RecordCommitAsync(deployment.Id, new CommitInfo("abc"), Token);
        var same = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
        await Lifecycle.RecordCommitAsync(deployment.Id, new CommitInfo("def"), Token);
        var other = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;

        Assert.That((same.CommitMessage, same.Author), Is.EqualTo(("Fix", "Ada")));
        Assert.That((other.CommitMessage, other.Author), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public async Task A_deletion_by_another_program_stops_the_worker()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await ExecuteAsync("UPDATE deployments SET is_deleted = TRUE WHERE id = $1", deployment.Id);

        Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Cancelled));
        Assert.That(await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Copying, Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(await Lifecycle.SucceedAsync(deployment.Id, null, Token), Is.EqualTo(TransitionOutcome.Cancelled));
    }

    [Test]
    public async Task A_refused_step_in_a_unit_of_work_changes_no_stage()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        var stranger = await AddUserAsync();

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IDeploymentLifecycle>().AdvanceAsync(deployment.Id, DeploymentStatus.Copying, token);
            await tx.Get<IPlatformDeploymentStageRepository>().StartAsync(deployment.Id, StageName.Deploying, token);
            Assert.That(
                await tx.Get<IDeploymentRepository>().CancelAsync(deployment.Id, stranger.Id, null, token),
                Is.EqualTo(CancelOutcome.NotFound));
        }, Token);

        Assert.That(await StagesAsync(deployment), Does.Contain("copying in_progress").And.Contain("deploying in_progress"));
    }

    [Test]
    public async Task Clocks_of_two_machines_do_not_change_the_order_of_stages()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await ExecuteAsync(
            "UPDATE deployment_stages SET created_at = created_at - interval '1 hour' WHERE deployment_id = $1 AND stage_name = 'building'",
            deployment.Id);

        Assert.That(await StagesAsync(deployment), Is.EqualTo(new[] { "cloning completed", "building in_progress" }));
    }

    [Test]
    public async Task Stage_names_match_the_title_case_of_the_Python_services()
    {
        var deployment = await StartedAsync(DeploymentStatus.Cloning);
        await ExecuteAsync(
            "INSERT INTO deployment_stages (id, deployment_id, stage_name, status) VALUES ($1, $2, 'Checkout', 'pending')",
            Guid.NewGuid(),
            deployment.Id);

        await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Checkout, Token);

        var stage = (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Single(s => s.Name == StageName.Checkout);
        Assert.That((stage.Name.Value, stage.Status), Is.EqualTo(("Checkout", StageStatus.InProgress)));
        Assert.That(stage.StartedAt, Is.Not.Null);
    }

    [Test]
    public async Task Steps_in_a_unit_of_work_are_rolled_back_with_it()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);

        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, token) =>
            {
                var lifecycle = tx.Get<IDeploymentLifecycle>();
                Assert.That(
                    await lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Copying, token), Is.EqualTo(TransitionOutcome.Applied));
                Assert.That(
                    await lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Checkout, token),
                    Is.EqualTo(TransitionOutcome.OutOfOrder));
                await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(
                    deployment.Id, [new NewDeploymentLog { Message = "gone" }], token);
                throw new OperationCanceledException();
            }, Token),
            Throws.InstanceOf<OperationCanceledException>());

        Assert.That(await Deployments.FindAsync(deployment.Id, deployment.UserId, Token), Is.EqualTo(deployment));
        Assert.That((await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token)).Items, Is.Empty);
    }

    [Test]
    public async Task A_status_that_ends_a_deployment_is_recognized_in_any_case()
    {
        var ended = await StartedAsync(DeploymentStatus.Building);
        await ExecuteAsync("UPDATE deployments SET status = 'SUCCESS', completed_at = '2026-01-01' WHERE id = $1", ended.Id);

        Assert.That(await Lifecycle.FailAsync(ended.Id, "late", Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
        Assert.That(
            await Lifecycle.RecordCommitAsync(ended.Id, new CommitInfo("abc"), Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
        Assert.That(await Deployments.CancelAsync(ended.Id, ended.UserId, null, Token), Is.EqualTo(CancelOutcome.AlreadyFinished));
        var change = new StageChange { Name = StageName.Deploying, Status = StageStatus.Completed };
        Assert.That(await PlatformStages.StartAsync(ended.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
        Assert.That(await PlatformStages.SetAsync(ended.Id, change, Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
        Assert.That(await PlatformStages.PlanAsync(ended.Id, [StageName.Deploying], Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
        Assert.That(await Maintenance.AbandonAsync([ended.Id], "gone", Token), Is.EqualTo(1));

        var row = await ScalarAsync(
            "SELECT status || ' ' || completed_at || coalesce(failed_reason, '') FROM deployments WHERE id = $1", ended.Id);
        Assert.That(row, Is.EqualTo("SUCCESS 2026-01-01 00:00:00"));
        Assert.That(await Lifecycle.FindStatusAsync(ended.Id, Token), Is.EqualTo(DeploymentStatus.Success));
        Assert.That(
            await ScalarAsync(
                "SELECT string_agg(stage_name || ' ' || status, ',' ORDER BY stage_name) FROM deployment_stages WHERE deployment_id = $1",
                ended.Id),
            Is.EqualTo("building completed,cloning completed"));
    }

    private async Task EmptyTheQueueAsync() => await ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status = 'queued'");

    private async Task<IEnumerable<string>> StagesAsync(Deployment deployment) =>
        (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Select(s => $"{s.Name} {s.Status}");
}
