using System.Text.Json;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>Texts that builds, pushes and users bring along: bounded, cut in lists, and without secrets.</summary>
public sealed class DeploymentTextTests : DatabaseTests
{
    private const string Value = "s3cr3t-token-value";
    private const int BytesPerRow = 8 * 1024;

    private static readonly string Long = new('x', 20_000);

    [Test]
    public async Task Long_texts_of_a_build_are_cut_with_a_mark()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Assert.That(
            await Lifecycle.RecordCommitAsync(deployment.Id, new CommitInfo("abc", Long, Long), Token),
            Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await PlatformStages.StartAsync(deployment.Id, StageName.Deploying, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await PlatformStages.FailAsync(deployment.Id, StageName.Deploying, Long, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Lifecycle.FailAsync(deployment.Id, Long, Token), Is.EqualTo(TransitionOutcome.Applied));

        var stored = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
        var stage = (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Single(
            s => s.Name == StageName.Deploying);

        Assert.That(stored.FailedReason, Has.Length.EqualTo(Deployment.MaxReasonLength).And.EndsWith("x … (cut)"));
        Assert.That(stored.CommitMessage, Has.Length.EqualTo(CommitInfo.MaxMessageLength).And.EndsWith("x … (cut)"));
        Assert.That(stored.Author, Has.Length.EqualTo(CommitInfo.MaxAuthorLength).And.EndsWith("x … (cut)"));
        Assert.That(stage.ErrorMessage, Has.Length.EqualTo(DeploymentStage.MaxErrorLength).And.EndsWith("x … (cut)"));
    }

    [Test]
    public async Task Texts_of_the_maximum_length_are_stored_whole()
    {
        var reason = string.Concat(Enumerable.Repeat("🚀", Deployment.MaxReasonLength));
        var deployment = await StartedAsync(DeploymentStatus.Building);

        await Lifecycle.FailAsync(deployment.Id, reason, Token);

        Assert.That((await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!.FailedReason, Is.EqualTo(reason));
    }

    [Test]
    public async Task A_caller_text_that_is_too_long_is_refused_by_name()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        var check = new NewDeploymentHealthCheck { DeploymentId = deployment.Id, Url = Long, IsLive = true };

        AssertRefused(() => Deployments.CancelAsync(deployment.Id, deployment.UserId, Long, Token), "reason");
        AssertRefused(() => Lifecycle.SucceedAsync(deployment.Id, Long, Token), "deployedUrl");
        AssertRefused(() => Maintenance.AbandonAsync([deployment.Id], Long, Token), "reason");
        AssertRefused(() => Maintenance.ReportUnhealthyAsync(deployment.Id, Long, Token), "reason");
        AssertRefused(() => Maintenance.FailStalledAsync(TimeSpan.FromDays(1), Long, 1, Token), "reason");
        AssertRefused(() => PlatformHealthChecks.AddAsync(check, Token), "check.Url");
        AssertRefused(() => PlatformHealthChecks.AddManyAsync([check], Token), "checks[0].Url");

        static void AssertRefused(Func<Task> act, string name) =>
            Assert.That(act, Throws.ArgumentException.With.Property("ParamName").EqualTo(name).And.Message.Contains("at most"));
    }

    [Test]
    public async Task Only_the_part_that_can_be_stored_is_searched_for_secrets()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        using var secrets = Get<ILogSecrets>().Add(deployment.Id, [Secret.From(Value)]);
        var huge = $"{Value}%{new string('%', 4_000_000)}";
        AssertLittle(
            () => Deployments.CancelAsync(deployment.Id, deployment.UserId, huge, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("reason"));
        AssertLittle(
            () => Lifecycle.SucceedAsync(deployment.Id, huge, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("deployedUrl"));
        AssertLittle(
            () => Maintenance.AbandonAsync([deployment.Id], huge, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("reason"));
        AssertLittle(() => Lifecycle.FailAsync(deployment.Id, huge, Token), Throws.Nothing);

        Assert.That(
            (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!.FailedReason,
            Does.StartWith("***%").And.EndsWith("% … (cut)"));

        static void AssertLittle(Func<Task> act, NUnit.Framework.Constraints.IResolveConstraint outcome)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.That(async () => await act(), outcome);
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(20_000_000));
        }
    }

    [Test]
    public async Task An_appended_reason_keeps_the_row_within_its_limit()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await Lifecycle.SucceedAsync(deployment.Id, null, Token);
        await ExecuteAsync("UPDATE deployments SET failed_reason = repeat('n', 1000000) WHERE id = $1", deployment.Id);

        Assert.That(await Maintenance.ReportUnhealthyAsync(deployment.Id, "It does not answer.", Token), Is.True);

        Assert.That(
            (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!.FailedReason,
            Has.Length.EqualTo(Deployment.MaxReasonLength).And.EndsWith("n\nIt does not answer."));
    }

    [Test]
    public async Task Secrets_of_a_build_reach_no_column()
    {
        var project = await AddProjectAsync();
        var id = Guid.NewGuid();
        using var masking = Get<ILogSecrets>().Add(id, [Secret.From(Value)]);
        await Deployments.EnqueueAsync(
            new NewDeployment { Id = id, ProjectId = project.Id, UserId = project.UserId, Commit = new CommitInfo("a", Value, Value) },
            Token);
        await AssertCleanAsync();

        await ExecuteAsync("UPDATE deployments SET status = 'building', started_at = created_at WHERE id = $1", id);
        await Lifecycle.RecordCommitAsync(id, new CommitInfo("b", "with " + Value, Value), Token);
        var change = new StageChange { Name = StageName.Deploying, Status = StageStatus.Failed, ErrorMessage = Value };
        await PlatformStages.SetAsync(id, change, Token);
        await Lifecycle.SucceedAsync(id, $"https://user:{Value}@example.com/", Token);
        await Maintenance.ReportUnhealthyAsync(id, Value, Token);
        await AssertCleanAsync();

        foreach (var status in new[] { "fail", "cancel", "abandon" })
        {
            await ExecuteAsync("UPDATE deployments SET status = 'building', is_deleted = FALSE WHERE id = $1", id);
            await (status == "fail" ? (Task)Lifecycle.FailAsync(id, Value, Token)
                : status == "cancel" ? Deployments.CancelAsync(id, project.UserId, Value, Token)
                : Maintenance.AbandonAsync([id], Value, Token));
            Assert.That(await ScalarAsync("SELECT failed_reason FROM deployments WHERE id = $1", id), Is.EqualTo("***"), status);
            await AssertCleanAsync();
        }

        async Task AssertCleanAsync() => Assert.That(
            await ScalarAsync(
                "SELECT to_jsonb(d)::text || (SELECT jsonb_agg(s) FROM deployment_stages s WHERE s.deployment_id = d.id)::text FROM "
                    + "deployments d WHERE id = $1",
                id),
            Does.Not.Contain(Value));
    }

    [Test]
    public async Task Rows_of_lists_are_small_whatever_another_writer_has_stored()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await ExecuteAsync(
            "UPDATE deployments SET commit_message = repeat('m', 500000), failed_reason = repeat('r', 500000), "
                + "deployed_url = repeat('u', 500000) WHERE id = $1",
            deployment.Id);
        await ExecuteAsync("UPDATE projects SET build_command = repeat('b', 500000) WHERE id = $1", deployment.ProjectId);
        await ExecuteAsync("UPDATE deployment_stages SET error_message = repeat('e', 500000) WHERE deployment_id = $1", deployment.Id);
        await ExecuteAsync(
            "INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at) "
                + "VALUES (gen_random_uuid(), $1, repeat('h', 500000), TRUE, now())",
            deployment.Id);

        var owner = deployment.UserId;
        AssertSmall((await Deployments.ListRecentAsync(owner, Cursor.Start, 10, Token)).Items);
        AssertSmall((await Deployments.ListByProjectAsync(deployment.ProjectId, owner, Cursor.Start, 10, Token)).Items);
        AssertSmall((await Get<IDeploymentQueries>().ListAsync(owner, DeploymentFilter.All, Cursor.Start, 10, Token)).Items);
        AssertSmall((await Stages.ListByDeploymentsAsync([deployment.Id], owner, Token)).SelectMany(s => s).ToList());
        AssertSmall(await HealthChecks.ListLatestAsync(deployment.Id, owner, 10, Token));

        var whole = (await Deployments.FindDetailsAsync(deployment.Id, owner, 1, Token))!;
        Assert.That(
            (whole.Deployment.CommitMessage!.Length, whole.Deployment.FailedReason!.Length, whole.Project.BuildCommand.Length),
            Is.EqualTo((500000, 500000, 500000)));

        static void AssertSmall<T>(IReadOnlyList<T> rows)
        {
            Assert.That(rows, Is.Not.Empty);
            Assert.That(JsonSerializer.SerializeToUtf8Bytes(rows).Length / rows.Count, Is.LessThan(BytesPerRow), typeof(T).Name);
        }
    }

    [Test]
    public async Task A_SHA_256_commit_id_is_stored_whole()
    {
        var id = string.Concat(Enumerable.Repeat("0123456789abcdef", 4));
        var project = await AddProjectAsync();
        var queued = (await Deployments.EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId, Commit = new CommitInfo(id, "first") }, Token))!;

        var copy = (await Deployments.RedeployAsync(queued.Id, project.UserId, null, Token))!;
        var listed = (await Deployments.ListRecentAsync(project.UserId, Cursor.Start, 10, Token)).Items.Select(
            row => row.Deployment.CommitHash);

        Assert.That((queued.CommitHash, copy.CommitHash), Is.EqualTo((id, id)));
        Assert.That(listed, Is.All.EqualTo(id));
        Assert.That(
            await ScalarAsync("SELECT commit_hash FROM deployments WHERE id = $1", queued.Id),
            Is.EqualTo(id[..40]),
            "what other programs read");

        // Another commit with the same beginning is another commit.
        var other = id[..63] + "0";
        Assert.That(await Lifecycle.RecordCommitAsync(queued.Id, new CommitInfo(other), Token), Is.EqualTo(TransitionOutcome.Applied));
        var changed = (await Deployments.FindAsync(queued.Id, project.UserId, Token))!;
        Assert.That((changed.CommitHash, changed.CommitMessage), Is.EqualTo((other, (string?)null)));

        await ExecuteAsync("UPDATE deployments SET commit_hash = 'abc' WHERE id = $1", queued.Id);
        Assert.That((await Deployments.FindAsync(queued.Id, project.UserId, Token))!.CommitHash, Is.EqualTo("abc"), "a later writer's id");
    }

    [Test]
    public async Task A_deployment_has_at_most_sixteen_open_containers()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        var request = new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site", Host = Unique("host") };
        var places = new List<DeploymentContainer>();
        await Task.WhenAll(Enumerable.Range(0, 24).Select(async _ =>
        {
            var reserved = await PlatformContainers.ReserveAsync(request, Token);
            lock (places)
            {
                if (reserved.Container is { } place)
                {
                    places.Add(place);
                }
            }
        }));

        Assert.That(places, Has.Count.EqualTo(IPlatformDeploymentContainerRepository.MaxOpenPerDeployment));
        Assert.That((await PlatformContainers.ReserveAsync(request, Token)).Outcome, Is.EqualTo(ReservationOutcome.TooManyContainers));
        Assert.That(
            (await PlatformContainers.ReserveAsync(request with { Id = places[0].Id }, Token)).Container,
            Is.EqualTo(places[0]),
            "a repeated request");

        await PlatformContainers.ReportStoppedAsync(places[0].Id, Token);
        Assert.That((await PlatformContainers.ReserveAsync(request, Token)).Outcome, Is.EqualTo(ReservationOutcome.Reserved));
    }
}
