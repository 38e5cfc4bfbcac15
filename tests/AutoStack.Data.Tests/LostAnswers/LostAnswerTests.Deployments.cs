using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfDeployments => new()
    {
        ["IDeploymentRepository.EnqueueAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            var request = new NewDeployment { Id = Guid.NewGuid(), ProjectId = project.Id, UserId = project.UserId };
            return new Write(
                async host => await host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(request, Token),
                async (result, _) =>
                {
                    Assert.That(await tests.Deployments.FindAsync(request.Id.Value, project.UserId, Token), Is.EqualTo(result));
                    Assert.That(await tests.StagesOfAsync(request.Id.Value), Is.EqualTo("queued in_progress"));
                });
        },
        ["IDeploymentRepository.EnqueueAsync, superseding"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            var older = await tests.EnqueueAsync(project);
            var request = new NewDeployment
            {
                Id = Guid.NewGuid(),
                ProjectId = project.Id,
                UserId = project.UserId,
                Supersedes = Superseding.Waiting,
            };
            return new Write(
                async host => await host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(request, Token),
                async (result, _) =>
                {
                    Assert.That(await tests.Deployments.FindAsync(request.Id.Value, project.UserId, Token), Is.EqualTo(result));
                    Assert.That(await tests.Lifecycle.FindStatusAsync(older.Id, Token), Is.EqualTo(DeploymentStatus.Cancelled));
                });
        },
        ["IDeploymentRepository.RollbackAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            var (good, live, id) = (await tests.EnqueueAsync(project), await tests.EnqueueAsync(project), Guid.NewGuid());
            await tests.ExecuteAsync(
                "UPDATE deployments SET status = 'success', is_production = TRUE, commit_hash = id::text WHERE id IN ($1, $2)",
                good.Id, live.Id);
            return new Write(
                async host => await host.GetRequiredService<IDeploymentRepository>().RollbackAsync(
                    project.Id, project.UserId, new Rollback { Id = id }, Token),
                async (result, _) =>
                {
                    var found = await tests.Deployments.FindAsync(id, project.UserId, Token);
                    Assert.That(found, Is.EqualTo(result));
                    Assert.That(found!.CommitHash, Is.EqualTo(good.Id.ToString()));
                    Assert.That(await tests.StagesOfAsync(id), Is.EqualTo("queued in_progress"));
                });
        },
        ["IQueuePauseRepository.PauseAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            return new Write(
                async host => await host.GetRequiredService<IQueuePauseRepository>().PauseAsync(project.Id, "Ada", null, Token),
                async (result, told) =>
                {
                    Assert.That(
                        result, Is.EqualTo(told == Told.AgainByTheCaller ? PauseOutcome.AlreadyPaused : PauseOutcome.Paused));
                    Assert.That(
                        await tests.ScalarAsync("SELECT count(*) FROM queue_pauses WHERE project_id = $1", project.Id), Is.EqualTo(1));
                });
        },
        ["IQueuePauseRepository.ResumeAsync"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            await tests.ExecuteAsync(
                "INSERT INTO queue_pauses (id, project_id, paused_by, paused_at) VALUES ($1, $1, 'Ada', now())", project.Id);
            return new Write(
                async host => await host.GetRequiredService<IQueuePauseRepository>().ResumeAsync(project.Id, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    Assert.That(
                        await tests.ScalarAsync("SELECT count(*) FROM queue_pauses WHERE project_id = $1", project.Id), Is.Zero);
                });
        },
        ["IDeploymentRepository.RedeployAsync"] = async tests =>
        {
            var (original, copy) = (await tests.StartedAsync(DeploymentStatus.Building), Guid.NewGuid());
            return new Write(
                async host => await host.GetRequiredService<IDeploymentRepository>().RedeployAsync(
                    original.Id, original.UserId, new Redeployment { Id = copy }, Token),
                async (result, _) =>
                {
                    Assert.That(await tests.Deployments.FindAsync(copy, original.UserId, Token), Is.EqualTo(result));
                    Assert.That(await tests.StagesOfAsync(copy), Is.EqualTo("queued in_progress"));
                });
        },
        ["IDeploymentRepository.CancelAsync"] = async tests =>
        {
            var deployment = await tests.StartedAsync(DeploymentStatus.Building);
            return new Write(
                async host => await host.GetRequiredService<IDeploymentRepository>().CancelAsync(
                    deployment.Id, deployment.UserId, "enough", Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told == Told.Once ? CancelOutcome.Cancelled : CancelOutcome.AlreadyCancelled));
                    var found = (await tests.Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
                    Assert.That((found.Status, found.FailedReason), Is.EqualTo((DeploymentStatus.Cancelled, "enough")));
                });
        },
        ["IDeploymentRepository.SoftDeleteAsync"] = async tests =>
        {
            var deployment = await tests.StartedAsync(DeploymentStatus.Building);
            var container = await tests.ReserveForAsync(deployment);
            return new Write(
                async host => await host.GetRequiredService<IDeploymentRepository>().SoftDeleteAsync(
                    deployment.Id, deployment.UserId, Token),
                async (result, _) =>
                {
                    Assert.That(((IEnumerable<DeploymentContainer>)result!).Select(c => c.Id), Is.EqualTo([container.Id]));
                    Assert.That(await tests.Deployments.FindAsync(deployment.Id, deployment.UserId, Token), Is.Null);
                });
        },
        ["IDeploymentEnvironmentRepository.SnapshotAsync"] = async tests =>
        {
            var deployment = await tests.EnqueueAsync();
            using var keys = tests.WithKeys(tests.key);
            await keys.GetRequiredService<IProjectEnvironmentRepository>().ReplaceAsync(
                deployment.ProjectId, deployment.UserId, Secret.From("A=1"), Token);
            return new Write(
                async host => await host.GetRequiredService<IDeploymentEnvironmentRepository>().SnapshotAsync(
                    deployment.Id, deployment.UserId, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    using var reader = tests.WithKeys(tests.key);
                    var stored = await reader.GetRequiredService<IPlatformDeploymentEnvironmentRepository>().FindAsync(
                        deployment.Id, Token);
                    Assert.That(stored!.Reveal(), Is.EqualTo("A=1"));
                });
        },
        ["IDeploymentLifecycle.ClaimNextAsync"] = tests => tests.ClaimAsync(new ClaimOptions { Key = Guid.NewGuid() }),
        ["IDeploymentLifecycle.ClaimNextAsync with limits"] = tests => tests.ClaimAsync(
            new ClaimOptions { Key = Guid.NewGuid(), MaxPerProject = 1, MaxPerUser = 1 }),
        ["IDeploymentLifecycle.AdvanceAsync"] = tests => tests.StepAsync(
            DeploymentStatus.Cloning,
            (lifecycle, claim) => lifecycle.AdvanceAsync(claim, DeploymentStatus.Building, Token),
            "building",
            "building in_progress, cloning completed"),
        ["IDeploymentLifecycle.RecordCommitAsync"] = tests => tests.StepAsync(
            DeploymentStatus.Building,
            (lifecycle, claim) => lifecycle.RecordCommitAsync(claim, new CommitInfo("abc", "message"), Token),
            "building",
            "building in_progress, cloning completed",
            again: TransitionOutcome.Applied),
        ["IDeploymentLifecycle.SucceedAsync"] = tests => tests.StepAsync(
            DeploymentStatus.Building,
            (lifecycle, claim) => lifecycle.SucceedAsync(claim, "https://ada.example.com/", Token),
            "success",
            "building completed, cloning completed"),
        ["IDeploymentLifecycle.FailAsync"] = tests => tests.StepAsync(
            DeploymentStatus.Building,
            (lifecycle, claim) => lifecycle.FailAsync(claim, "exit code 1", Token),
            "failed",
            "building failed, cloning completed"),
        ["IDeploymentLifecycle.RenewAsync"] = tests => tests.StepAsync(
            DeploymentStatus.Building,
            (lifecycle, claim) => lifecycle.RenewAsync(claim, TimeSpan.FromMinutes(1), Token),
            "building",
            "building in_progress, cloning completed",
            again: TransitionOutcome.Applied),
        ["IDeploymentLifecycle.ReleaseAsync"] = tests => tests.StepAsync(
            DeploymentStatus.Building,
            (lifecycle, claim) => lifecycle.ReleaseAsync(claim, Token),
            "queued",
            "building pending, cloning pending"),
        ["IDeploymentMaintenance.AbandonAsync"] = async tests =>
        {
            var (open, deleted) = (await tests.StartedAsync(DeploymentStatus.Building), await tests.EnqueueAsync());
            await tests.Deployments.SoftDeleteAsync(deleted.Id, deleted.UserId, Token);
            return new Write(
                async host => await host.GetRequiredService<IDeploymentMaintenance>().AbandonAsync([open.Id, deleted.Id], "over", Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told == Told.AgainByTheCaller ? 0 : 1));
                    Assert.That(await tests.Lifecycle.FindStatusAsync(open.Id, Token), Is.EqualTo(DeploymentStatus.Cancelled));
                });
        },
        ["IDeploymentMaintenance.ReportUnhealthyAsync"] = async tests =>
        {
            var deployment = await tests.StartedAsync(DeploymentStatus.Building);
            await tests.Lifecycle.SucceedAsync(deployment.Id, null, Token);
            return new Write(
                async host => await host.GetRequiredService<IDeploymentMaintenance>().ReportUnhealthyAsync(
                    deployment.Id, "no answer", Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    var found = (await tests.Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
                    Assert.That((found.Status, found.FailedReason), Is.EqualTo((DeploymentStatus.Failed, "no answer")));
                });
        },
        ["IDeploymentMaintenance.FailStalledAsync"] = async tests =>
        {
            var deployment = await tests.StartedAsync(DeploymentStatus.Building);
            await tests.ExecuteAsync(
                "UPDATE deployments SET created_at = '2001-01-01', started_at = '2001-01-01' WHERE id = $1", deployment.Id);
            await tests.ExecuteAsync(
                """
                UPDATE deployment_stages SET created_at = '2001-01-01', started_at = '2001-01-01', completed_at = NULL
                WHERE deployment_id = $1
                """, deployment.Id);
            return new Write(
                async host => await host.GetRequiredService<IDeploymentMaintenance>().FailStalledAsync(
                    TimeSpan.FromDays(3000), "silent", 1000, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told == Told.AgainByTheCaller ? [] : new[] { deployment.Id }));
                    Assert.That(await tests.Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Failed));
                });
        },
        ["IDeploymentMaintenance.RequeueExpiredAsync"] = async tests =>
        {
            var (first, last) = (await tests.LeasedAsync(DeploymentStatus.Building), await tests.LeasedAsync(DeploymentStatus.Building));
            await tests.ExecuteAsync(
                "UPDATE deployment_leases SET expires_at = '2001-01-01' WHERE deployment_id IN ($1, $2)",
                first.DeploymentId, last.DeploymentId);
            await tests.ExecuteAsync("UPDATE deployment_leases SET attempt = 3 WHERE deployment_id = $1", last.DeploymentId);
            return new Write(
                async host => await host.GetRequiredService<IDeploymentMaintenance>().RequeueExpiredAsync(3, 1000, Token),
                async (result, told) =>
                {
                    var (requeued, failed) = (RequeueResult)result!;
                    var isKnown = told != Told.AgainByTheCaller;
                    Assert.That(requeued, Is.EqualTo(isKnown ? new[] { first.DeploymentId } : []));
                    Assert.That(failed, Is.EqualTo(isKnown ? new[] { last.DeploymentId } : []));
                    Assert.That(await tests.StagesOfAsync(first.DeploymentId), Is.EqualTo("building pending, cloning pending"));
                    Assert.That(await tests.StagesOfAsync(last.DeploymentId), Is.EqualTo("building failed, cloning completed"));
                });
        },
        ["IDeploymentMaintenance.PurgeDeletedAsync"] = async tests =>
        {
            var deployment = await tests.EnqueueAsync();
            await tests.Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);
            await tests.ExecuteAsync(
                "UPDATE deployments SET created_at = '2001-01-01', completed_at = '2001-01-01' WHERE id = $1", deployment.Id);
            return new Write(
                async host => await host.GetRequiredService<IDeploymentMaintenance>().PurgeDeletedAsync(
                    new DateTimeOffset(2002, 1, 1, 0, 0, 0, TimeSpan.Zero), 1000, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told == Told.AgainByTheCaller ? 0 : 1));
                    Assert.That(await tests.ScalarAsync("SELECT 1 FROM deployments WHERE id = $1", deployment.Id), Is.Null);
                });
        },
    };

    // The rows of other cases leave the queue first: a claim takes whatever waits. The tests of a fixture run one after the other.
    private async Task<Write> ClaimAsync(ClaimOptions options)
    {
        await ExecuteAsync("UPDATE deployments SET status = 'cancelled', completed_at = created_at WHERE status = 'queued'");
        var (first, second) = (await EnqueueAsync(), await EnqueueAsync());
        return new Write(
            async host => await host.GetRequiredService<IDeploymentLifecycle>().ClaimNextAsync(options, Token),
            async (result, _) =>
            {
                var job = (ClaimedDeployment)result!;
                Assert.That(
                    (job.Deployment.Id, job.Claim.Key, job.Attempt, job.Deployment.Status),
                    Is.EqualTo((first.Id, options.Key, 1, DeploymentStatus.Cloning)));
                Assert.That(await StagesOfAsync(first.Id), Is.EqualTo("cloning in_progress, queued completed"));
                Assert.That(await Lifecycle.FindStatusAsync(second.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
            });
    }

    // A step of a claim with a lease: applied once, and recognised when it is told again.
    private async Task<Write> StepAsync(
        DeploymentStatus from,
        Func<IDeploymentLifecycle, DeploymentClaim, Task<TransitionOutcome>> step,
        string status,
        string stages,
        TransitionOutcome again = TransitionOutcome.AlreadyThere)
    {
        var claim = await LeasedAsync(from);
        return new Write(
            async host => await step(host.GetRequiredService<IDeploymentLifecycle>(), claim),
            async (result, told) =>
            {
                Assert.That(result, Is.EqualTo(told == Told.Once ? TransitionOutcome.Applied : again));
                Assert.That(
                    await ScalarAsync("SELECT status::text FROM deployments WHERE id = $1", claim.DeploymentId), Is.EqualTo(status));
                Assert.That(await StagesOfAsync(claim.DeploymentId), Is.EqualTo(stages));
            });
    }

    private async Task<DeploymentClaim> LeasedAsync(DeploymentStatus step)
    {
        var claim = new DeploymentClaim((await StartedAsync(step)).Id, Guid.NewGuid());
        await ExecuteAsync(
            """
            INSERT INTO deployment_leases (deployment_id, worker, claim_key, attempt, claimed_at, renewed_at, expires_at)
            SELECT id, 'w', $2, 1, started_at, started_at, started_at + interval '1 day' FROM deployments WHERE id = $1
            """, claim.DeploymentId, claim.Key!);
        return claim;
    }

    private async Task<string?> StagesOfAsync(Guid deploymentId) => (string?)await ScalarAsync(
        """
        SELECT string_agg(lower(stage_name) || ' ' || status, ', ' ORDER BY lower(stage_name))
        FROM deployment_stages
        WHERE deployment_id = $1
        """, deploymentId);
}
