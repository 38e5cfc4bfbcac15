using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Deployments;

public sealed class DeploymentRepositoryTests : DatabaseTests
{
    [TestCase("enqueue")]
    [TestCase("redeploy")]
    [TestCase("rollback")]
    public async Task Nothing_is_queued_in_a_project_that_is_being_removed(string call)
    {
        var project = await AddProjectAsync();
        var (first, second) = (await EnqueueAsync(project), await EnqueueAsync(project));
        await ExecuteAsync(
            "UPDATE deployments SET status = 'success', is_production = TRUE, completed_at = created_at WHERE project_id = $1", project.Id);
        Task<Deployment?> queueing = null!;
        await UnitOfWork.RunAsync(
            async (tx, token) =>
            {
                await tx.Get<IProjectRepository>().RemoveAsync(project.Id, project.UserId, token);
                queueing = call switch
                {
                    "enqueue" => Deployments.EnqueueAsync(
                        new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token),
                    "redeploy" => Deployments.RedeployAsync(second.Id, project.UserId, null, Token),
                    _ => Deployments.RollbackAsync(project.Id, project.UserId, new Rollback { DeploymentId = first.Id }, Token),
                };
                await UntilSomeoneWaitsAsync();
            },
            Token);

        Assert.That(await queueing, Is.Null);
    }

    [Test]
    public async Task Enqueue_stores_the_deployment_and_its_first_stage()
    {
        var project = await AddProjectAsync();

        var deployment = (await Deployments.EnqueueAsync(
            new NewDeployment
            {
                ProjectId = project.Id,
                UserId = project.UserId,
                Branch = "feature/x",
                Commit = new CommitInfo(
                    new string('a', 40), "Fix", "Ada", new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(5.5))),
                CreatorType = CreatorType.Webhook,
                IsProduction = true,
            }, Token))!;

        Assert.That(deployment.Status, Is.EqualTo(DeploymentStatus.Queued));
        Assert.That(deployment.Branch, Is.EqualTo("feature/x"));
        Assert.That(deployment.CommitHash, Is.EqualTo(new string('a', 40)));
        Assert.That(deployment.CommitTimestamp, Is.EqualTo(new DateTimeOffset(2026, 1, 1, 21, 34, 5, TimeSpan.Zero)));
        Assert.That(deployment.CommitTimestamp!.Value.Offset, Is.EqualTo(TimeSpan.Zero));
        Assert.That(deployment.CreatorType, Is.EqualTo(CreatorType.Webhook));
        Assert.That(deployment.IsProduction, Is.True);
        Assert.That(deployment.IsDeleted, Is.False);
        Assert.That(deployment.StartedAt, Is.Null);
        Assert.That(await Deployments.FindAsync(deployment.Id, project.UserId, Token), Is.EqualTo(deployment));

        var stage = (await Stages.ListByDeploymentAsync(deployment.Id, project.UserId, Token)).Single();
        Assert.That((stage.Name, stage.Status), Is.EqualTo((StageName.Queued, StageStatus.InProgress)));
        Assert.That(stage.StartedAt, Is.EqualTo(deployment.CreatedAt));
    }

    [Test]
    public async Task Enqueue_without_a_branch_uses_the_branch_of_the_project()
    {
        Assert.That((await EnqueueAsync()).Branch, Is.EqualTo("main"));
    }

    [Test]
    public async Task A_repeated_enqueue_with_the_same_id_is_one_deployment()
    {
        var project = await AddProjectAsync();
        var request = new NewDeployment { Id = Guid.CreateVersion7(), ProjectId = project.Id, UserId = project.UserId };

        var first = await Deployments.EnqueueAsync(request, Token);
        var second = await Deployments.EnqueueAsync(request with { Branch = "other" }, Token);

        Assert.That(second, Is.EqualTo(first));
        Assert.That(await Stages.ListByDeploymentAsync(first!.Id, project.UserId, Token), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Enqueue_with_the_id_of_another_projects_deployment_is_a_duplicate()
    {
        var deployment = await EnqueueAsync();
        var project = await AddProjectAsync();

        Assert.That(
            () => Deployments.EnqueueAsync(
                new NewDeployment { Id = deployment.Id, ProjectId = project.Id, UserId = project.UserId }, Token),
            Throws.TypeOf<DuplicateException>().With.Property(nameof(DuplicateException.Constraint)).EqualTo("deployments_pkey"));
    }

    [Test]
    public async Task Enqueue_for_a_foreign_project_returns_null_and_stores_nothing()
    {
        var project = await AddProjectAsync();
        var stranger = await AddUserAsync();

        Assert.That(await Deployments.EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = stranger.Id }, Token), Is.Null);
        Assert.That(await Deployments.EnqueueAsync(new NewDeployment { ProjectId = Guid.NewGuid(), UserId = stranger.Id }, Token), Is.Null);
        Assert.That((await Deployments.ListByProjectAsync(project.Id, project.UserId, Cursor.Start, 10, Token)).Items, Is.Empty);
    }

    [Test]
    public async Task Enqueue_names_the_invalid_value()
    {
        var project = await AddProjectAsync();
        var good = new NewDeployment { ProjectId = project.Id, UserId = project.UserId };

        Assert.That(() => Deployments.EnqueueAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Deployments.EnqueueAsync(good with { Branch = new string('b', 101) }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("deployment.Branch").And.Message.Contains("at most 100"));
        foreach (var branch in new[] { "", " ", "--upload-pack=touch x", "a b", "refs/tags/v1", "HEAD", "a..b" })
        {
            Assert.That(
                () => Deployments.EnqueueAsync(good with { Branch = branch }, Token),
                Throws.ArgumentException.With.Property("ParamName").EqualTo("deployment.Branch"), branch);
        }

        Assert.That((await Deployments.EnqueueAsync(good with { Branch = " refs/heads/main\n" }, Token))!.Branch, Is.EqualTo("main"));
        Assert.That(
            () => Deployments.EnqueueAsync(good with { Commit = new CommitInfo(new string('a', 65)) }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("deployment.Commit.Hash"));
        Assert.That(
            () => Deployments.EnqueueAsync(good with { CreatorType = CreatorType.From("robot") }, Token),
            Throws.ArgumentException.With.Message.Contains("manual, webhook, scheduled"));
    }

    [Test]
    public async Task A_foreign_deployment_is_not_found()
    {
        var deployment = await EnqueueAsync();
        var stranger = await AddUserAsync();

        Assert.That(await Deployments.FindAsync(deployment.Id, stranger.Id, Token), Is.Null);
        Assert.That(await Deployments.FindDetailsAsync(deployment.Id, stranger.Id, 10, Token), Is.Null);
        Assert.That(await Deployments.CancelAsync(deployment.Id, stranger.Id, null, Token), Is.EqualTo(CancelOutcome.NotFound));
        Assert.That(await Deployments.SoftDeleteAsync(deployment.Id, stranger.Id, Token), Is.Null);
        Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    [Test]
    public async Task Recent_deployments_page_newest_first_with_their_projects()
    {
        var user = await AddUserAsync();
        var projects = new[] { await AddProjectAsync(user.Id), await AddProjectAsync(user.Id) };
        var expected = new List<Guid>();
        for (var i = 0; i < 7; i++)
        {
            expected.Insert(0, (await EnqueueAsync(projects[i % 2])).Id);
        }

        // Equal times: the id decides, on both sides of a page's end.
        await ExecuteAsync("UPDATE deployments SET created_at = '2026-01-01' WHERE user_id = $1", user.Id);
        expected = [.. expected.OrderByDescending(id => id.ToString())];

        var seen = new List<DeploymentWithProject>();
        for (Cursor? next = Cursor.Start; next is { } cursor;)
        {
            var page = await Deployments.ListRecentAsync(user.Id, cursor, 3, Token);
            seen.AddRange(page.Items);
            next = page.Next;
        }

        Assert.That(seen.Select(row => row.Deployment.Id), Is.EqualTo(expected));
        Assert.That(seen, Is.All.Matches<DeploymentWithProject>(row => row.Project.Id == row.Deployment.ProjectId));
    }

    [Test]
    public async Task Deleted_deployments_are_in_no_list()
    {
        var project = await AddProjectAsync();
        var kept = await EnqueueAsync(project);
        var deleted = await EnqueueAsync(project);

        Assert.That(await Deployments.SoftDeleteAsync(deleted.Id, project.UserId, Token), Is.Empty);
        Assert.That(await Deployments.SoftDeleteAsync(deleted.Id, project.UserId, Token), Is.Empty);
        Assert.That(await Deployments.SoftDeleteAsync(Guid.NewGuid(), project.UserId, Token), Is.Null);

        Assert.That(await Deployments.FindAsync(deleted.Id, project.UserId, Token), Is.Null);
        Assert.That(await Deployments.FindDetailsAsync(deleted.Id, project.UserId, 10, Token), Is.Null);
        Assert.That(
            (await Deployments.ListRecentAsync(project.UserId, Cursor.Start, 10, Token)).Items.Select(r => r.Deployment.Id),
            Is.EqualTo([kept.Id]));
        Assert.That(
            (await Deployments.ListByProjectAsync(project.Id, project.UserId, Cursor.Start, 10, Token)).Items.Select(r => r.Id),
            Is.EqualTo([kept.Id]));
        Assert.That(await Stages.ListByDeploymentAsync(deleted.Id, project.UserId, Token), Is.Empty);
    }

    [Test]
    public async Task Deleting_a_running_deployment_cancels_it_and_its_stage()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);

        Assert.That(await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token), Is.Not.Null);

        Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Cancelled));
        Assert.That(await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Copying, Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(
            await ScalarAsync("SELECT count(*) FROM deployment_stages WHERE deployment_id = $1 AND status = 'in_progress'", deployment.Id),
            Is.Zero);
    }

    [Test]
    public async Task Deleting_a_finished_deployment_keeps_its_status()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await Lifecycle.SucceedAsync(deployment.Id, null, Token);

        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);

        Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Success));
    }

    [Test]
    public async Task Cancel_ends_the_deployment_and_its_stage_once()
    {
        var deployment = await StartedAsync(DeploymentStatus.Installing);

        Assert.That(
            await Deployments.CancelAsync(deployment.Id, deployment.UserId, "Changed my mind", Token), Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(
            await Deployments.CancelAsync(deployment.Id, deployment.UserId, "Again", Token), Is.EqualTo(CancelOutcome.AlreadyCancelled));

        var found = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
        Assert.That(found.Status, Is.EqualTo(DeploymentStatus.Cancelled));
        Assert.That(found.FailedReason, Is.EqualTo("Changed my mind"));
        Assert.That(found.CompletedAt, Is.Not.Null);
        Assert.That(found.BuildDurationSeconds, Is.Not.Null);
        var stages = await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(stages.Single(s => s.Name == StageName.Installing).Status, Is.EqualTo(StageStatus.Cancelled));
        Assert.That(stages.Single(s => s.Name == StageName.Cloning).Status, Is.EqualTo(StageStatus.Completed));
    }

    [Test]
    public async Task Cancel_of_a_queued_deployment_has_no_duration()
    {
        var deployment = await EnqueueAsync();

        await Deployments.CancelAsync(deployment.Id, deployment.UserId, null, Token);

        Assert.That((await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!.BuildDurationSeconds, Is.Null);
    }

    [Test]
    public async Task Details_have_the_project_logs_stages_containers_and_checks()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await PlatformLogs.AppendAsync(
            deployment.Id, [.. Enumerable.Range(1, 30).Select(i => new NewDeploymentLog { Message = $"line {i}" })], Token);
        var container = (await PlatformContainers.ReserveAsync(
            new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1", Host = Unique("host") }, Token)).Container!;
        var check = await PlatformHealthChecks.AddAsync(
            new NewDeploymentHealthCheck
            {
                DeploymentId = deployment.Id,
                Url = "http://localhost",
                HttpStatus = 200,
                LatencyMs = 3,
                IsLive = true,
            },
            Token);

        var details = (await Deployments.FindDetailsAsync(deployment.Id, deployment.UserId, 20, Token))!;

        Assert.That(details.Deployment, Is.EqualTo(deployment));
        Assert.That(details.Project.Id, Is.EqualTo(deployment.ProjectId));
        Assert.That(details.Logs.Select(l => l.Message), Is.EqualTo(Enumerable.Range(11, 20).Select(i => $"line {i}")));
        Assert.That(details.Stages, Has.Count.EqualTo(2));
        Assert.That(details.Containers, Is.EqualTo([container]));
        Assert.That(details.HealthChecks, Is.EqualTo([check]));
    }

    [Test]
    public async Task Details_of_a_bare_deployment_have_empty_lists()
    {
        var deployment = await EnqueueAsync();

        var details = (await Deployments.FindDetailsAsync(deployment.Id, deployment.UserId, 20, Token))!;

        Assert.That((details.Logs.Count, details.Containers.Count, details.HealthChecks.Count), Is.EqualTo((0, 0, 0)));
    }

    [Test]
    public async Task The_longest_page_says_whether_more_follow()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, created_at)
            SELECT gen_random_uuid(), $1, $2, 'success', 'manual', '2026-01-01'::timestamp + n * interval '1 s'
            FROM generate_series(1, 2 * $3) n
            """, project.Id, project.UserId, IDeploymentRepository.MaxListSize);

        foreach (var list in new Func<Cursor, Task<Page<DeploymentWithProject>>>[]
        {
            cursor => Deployments.ListRecentAsync(project.UserId, cursor, IDeploymentRepository.MaxListSize, Token),
            cursor => Get<IDeploymentQueries>().ListAsync(
                project.UserId, new DeploymentFilter { ProjectName = "" }, cursor, IDeploymentQueries.MaxListSize, Token),
            cursor => Get<IDeploymentQueries>().ListAsync(
                project.UserId, new DeploymentFilter { ProjectId = project.Id }, cursor, IDeploymentQueries.MaxListSize, Token),
        })
        {
            var first = await list(Cursor.Start);
            var last = await list(first.Next!.Value);

            Assert.That((first.Items.Count, last.Items.Count, last.Next), Is.EqualTo((100, 100, (Cursor?)null)));
            Assert.That(
                first.Items.Concat(last.Items).Select(item => item.Deployment.CreatedAt), Is.Ordered.Descending.And.Unique);
        }
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(int.MinValue)]
    [TestCase(IDeploymentRepository.MaxListSize + 1)]
    public void A_limit_out_of_range_is_refused(int limit)
    {
        Assert.That(
            () => Deployments.ListRecentAsync(Guid.NewGuid(), Cursor.Start, limit, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>()
                .With.Property("ParamName").EqualTo("limit").And.Message.Contains("between 1 and 100"));
        Assert.That(
            () => Deployments.ListByProjectAsync(Guid.NewGuid(), Guid.NewGuid(), Cursor.Start, limit, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>()
                .With.Property("ParamName").EqualTo("limit").And.Message.Contains("between 1 and 100"));
    }

    [TestCase("i.0194b1f2000070008000000000000000")]
    [TestCase("s.7")]
    public void A_cursor_of_another_kind_of_list_is_refused(string text)
    {
        var (id, cursor) = (Guid.NewGuid(), Cursor.Parse(text));
        var queries = Get<IDeploymentQueries>();
        foreach (var list in new Func<Task>[]
        {
            () => Deployments.ListRecentAsync(id, cursor, 10, Token),
            () => Deployments.ListByProjectAsync(id, id, cursor, 10, Token),
            () => queries.ListAsync(id, DeploymentFilter.All, cursor, 10, Token),
        })
        {
            Assert.That(list, Throws.ArgumentException.With.Property("ParamName").EqualTo("cursor"));
        }
    }

    [Test]
    public void A_cursor_of_another_kind_of_id_list_is_refused()
    {
        var (id, cursor) = (Guid.NewGuid(), Cursor.Parse($"t.0.{Guid.NewGuid():N}"));
        foreach (var list in new Func<Task>[]
        {
            () => Get<IDeploymentQueries>().ListProjectsAsync(id, cursor, 10, Token),
            () => PlatformContainers.ListRunningAsync(cursor, 10, Token),
            () => PlatformContainers.ListOrphansAsync(cursor, 10, Token),
            () => PlatformHealthChecks.ListUnhealthyAsync(3, cursor, 10, Token),
        })
        {
            Assert.That(list, Throws.ArgumentException.With.Property("ParamName").EqualTo("cursor"));
        }
    }

    [Test]
    public void Details_refuse_a_line_limit_out_of_range() =>
        Assert.That(
            () => Deployments.FindDetailsAsync(Guid.NewGuid(), Guid.NewGuid(), 0, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("maxLogs"));

    [Test]
    public async Task A_default_cursor_is_the_start_of_the_list()
    {
        var deployment = await EnqueueAsync();

        Assert.That((await Deployments.ListRecentAsync(deployment.UserId, default, 10, Token)).Items, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Deleting_returns_the_containers_to_stop()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        var host = Unique("host");
        var request = new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "a", Host = host };
        var open = (await PlatformContainers.ReserveAsync(request, Token)).Container!;
        var stopped = (await PlatformContainers.ReserveAsync(request, Token)).Container!;
        await PlatformContainers.ReportStoppedAsync(stopped.Id, Token);

        Assert.That(await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token), Is.EqualTo([open]));
    }

    [Test]
    public async Task Deleting_an_ended_deployment_adds_no_times()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await ExecuteAsync("UPDATE deployments SET status = 'cancelled', completed_at = NULL WHERE id = $1", deployment.Id);
        Clock.Advance(TimeSpan.FromDays(90));

        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);

        Assert.That(
            await ScalarAsync(
                "SELECT completed_at IS NULL AND build_duration_seconds IS NULL FROM deployments WHERE id = $1", deployment.Id),
            Is.True);
    }

    [Test]
    public async Task A_repeated_enqueue_does_not_change_a_running_deployment()
    {
        var project = await AddProjectAsync();
        var request = new NewDeployment { Id = Guid.CreateVersion7(), ProjectId = project.Id, UserId = project.UserId };
        await Deployments.EnqueueAsync(request, Token);
        await ExecuteAsync("UPDATE deployments SET status = 'copying', started_at = created_at WHERE id = $1", request.Id);
        await PlatformStages.StartAsync(request.Id.Value, StageName.Deploying, Token);
        var before = await Stages.ListByDeploymentAsync(request.Id.Value, project.UserId, Token);

        Assert.That((await Deployments.EnqueueAsync(request, Token))!.Status, Is.EqualTo(DeploymentStatus.Copying));

        Assert.That(await Stages.ListByDeploymentAsync(request.Id.Value, project.UserId, Token), Is.EqualTo(before));
    }

    [Test]
    public async Task Redeploy_queues_a_copy_of_the_same_commit()
    {
        var project = await AddProjectAsync();
        var original = (await Deployments.EnqueueAsync(
            new NewDeployment
            {
                ProjectId = project.Id,
                UserId = project.UserId,
                Branch = "feature/x",
                Commit = new CommitInfo("abc", "message", "Ada", Clock.GetUtcNow()),
                CreatorType = CreatorType.Webhook,
                IsProduction = true,
            }, Token))!;
        await Deployments.CancelAsync(original.Id, original.UserId, "stop", Token);
        var newId = Guid.CreateVersion7();

        var copy = (await Deployments.RedeployAsync(original.Id, original.UserId, new Redeployment { Id = newId }, Token))!;

        Assert.That(copy, Is.EqualTo(original with { Id = newId, CreatorType = CreatorType.Manual, CreatedAt = copy.CreatedAt }));
        Assert.That(copy.CreatedAt, Is.GreaterThan(original.CreatedAt));
        Assert.That(
            (await Stages.ListByDeploymentAsync(newId, project.UserId, Token)).Select(s => $"{s.Name} {s.Status}"),
            Is.EqualTo(new[] { "queued in_progress" }));
        Assert.That(
            await Deployments.RedeployAsync(original.Id, original.UserId, new Redeployment { Id = newId }, Token),
            Is.EqualTo(copy),
            "repeated");
        Assert.That(await Stages.ListByDeploymentAsync(newId, project.UserId, Token), Has.Count.EqualTo(1));
        Assert.That((await Deployments.RedeployAsync(original.Id, original.UserId, null, Token))!.Id, Is.Not.EqualTo(newId));
    }

    [Test]
    public async Task Redeploy_returns_null_for_a_deleted_or_foreign_deployment()
    {
        var deployment = await EnqueueAsync();
        var stranger = await EnqueueAsync();

        Assert.That(await Deployments.RedeployAsync(deployment.Id, stranger.UserId, null, Token), Is.Null);
        Assert.That(await Deployments.RedeployAsync(deployment.Id, stranger.UserId, new Redeployment { Id = stranger.Id }, Token), Is.Null);
        Assert.That(
            await Deployments.RedeployAsync(Guid.NewGuid(), deployment.UserId, new Redeployment { Id = Guid.NewGuid() }, Token), Is.Null);
        Assert.That(
            () => Deployments.RedeployAsync(deployment.Id, deployment.UserId, new Redeployment { Id = deployment.Id }, Token),
            Throws.ArgumentException);
        Assert.That(
            () => Deployments.RedeployAsync(deployment.Id, deployment.UserId, new Redeployment { Id = stranger.Id }, Token),
            Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("deployments_pkey"));
        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(await Deployments.RedeployAsync(deployment.Id, deployment.UserId, null, Token), Is.Null);
    }

    [Test]
    public async Task The_newest_deployment_of_a_project_is_found_by_status()
    {
        var project = await AddProjectAsync();
        Assert.That(await Deployments.FindLatestAsync(project.Id, project.UserId, null, Token), Is.Null);
        var first = await EnqueueAsync(project);
        var second = await EnqueueAsync(project);
        var deleted = await EnqueueAsync(project);
        await Deployments.CancelAsync(second.Id, second.UserId, null, Token);
        await Deployments.SoftDeleteAsync(deleted.Id, deleted.UserId, Token);

        Assert.That((await Deployments.FindLatestAsync(project.Id, project.UserId, null, Token))!.Id, Is.EqualTo(second.Id));
        Assert.That(
            (await Deployments.FindLatestAsync(project.Id, project.UserId, DeploymentStatus.From("Queued"), Token))!.Id,
            Is.EqualTo(first.Id));
        Assert.That(await Deployments.FindLatestAsync(project.Id, project.UserId, DeploymentStatus.Success, Token), Is.Null);
        Assert.That(await Deployments.FindLatestAsync(project.Id, (await AddUserAsync()).Id, null, Token), Is.Null);
        Assert.That(
            () => Deployments.FindLatestAsync(project.Id, project.UserId, DeploymentStatus.From("x"), Token), Throws.ArgumentException);
    }


    [Test]
    public async Task A_repeated_redeploy_finds_its_copy_after_the_original_was_deleted()
    {
        var original = await EnqueueAsync();
        var newId = Guid.CreateVersion7();
        var copy = await Deployments.RedeployAsync(original.Id, original.UserId, new Redeployment { Id = newId }, Token);
        await Deployments.SoftDeleteAsync(original.Id, original.UserId, Token);

        Assert.That(
            await Deployments.RedeployAsync(original.Id, original.UserId, new Redeployment { Id = newId }, Token), Is.EqualTo(copy));
        Assert.That(
            await Deployments.RedeployAsync(original.Id, original.UserId, new Redeployment { Id = Guid.NewGuid() }, Token), Is.Null);
    }

    [Test]
    public async Task Redeploy_refuses_the_id_of_a_deployment_that_is_not_a_copy()
    {
        var project = await AddProjectAsync();
        var original = await EnqueueAsync(project);
        foreach (var other in new NewDeployment[]
        {
            new() { ProjectId = project.Id, UserId = project.UserId, Branch = "other" },
            new() { ProjectId = project.Id, UserId = project.UserId, IsProduction = true },
            new() { ProjectId = project.Id, UserId = project.UserId, CreatorType = CreatorType.Webhook },
        })
        {
            var id = (await Deployments.EnqueueAsync(other, Token))!.Id;
            Assert.That(
                () => Deployments.RedeployAsync(original.Id, original.UserId, new Redeployment { Id = id }, Token),
                Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("deployments_pkey"));
        }
    }
}
