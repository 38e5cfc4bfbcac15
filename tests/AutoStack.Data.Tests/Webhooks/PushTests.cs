using System.Text.Json;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Tests.Webhooks;

/// <summary>What becomes of a push: it is stored in any case, and deploys the projects whose owner's access is proven.</summary>
public sealed class PushTests : DatabaseTests
{
    private const string Sha = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
    private const string Zeros = "0000000000000000000000000000000000000000";
    private static int repositories;

    [Test]
    public async Task A_push_queues_a_deployment_of_every_proven_project()
    {
        var repository = NewRepository();
        var first = await AddTargetAsync(repository);
        var second = await AddTargetAsync(repository);

        var result = await PushAsync(repository, Unique("d"));

        Assert.That(result.Outcome, Is.EqualTo(PushOutcome.Queued));
        Assert.That(
            result.Deployments.Select(d => (d.ProjectId, d.UserId)),
            Is.EqualTo(new[] { (first.Id, first.UserId), (second.Id, second.UserId) }));
        Assert.That(result.Deployments, Is.All.Matches<Deployment>(d =>
            (d.Status, d.Branch, d.CommitHash, d.CommitMessage, d.Author) == (DeploymentStatus.Queued, "main", Sha, "fix", "Mona")
            && d.CreatorType == CreatorType.Webhook && d.IsProduction));
        Assert.That((await Webhooks.FindAsync(result.PayloadId, Token))!.DeploymentId, Is.EqualTo(result.Deployments[0].Id));
        Assert.That(
            (result.Unproven, result.Postponed, result.MoreTargets),
            Is.EqualTo((Array.Empty<PushTarget>(), Array.Empty<PushTarget>(), false)));
    }

    [Test]
    public async Task A_project_without_proof_is_not_deployed_but_reported()
    {
        var repository = NewRepository();
        var owner = await AddTargetAsync(repository);
        var stranger = await AddTargetAsync(repository, proven: false);
        var bare = await AddTargetAsync(repository with { Address = repository.Path }, proven: false);

        var result = await PushAsync(repository, Unique("d"));

        Assert.That(result.Deployments.Select(d => d.ProjectId), Is.EqualTo(new[] { owner.Id }));
        Assert.That(
            result.Unproven,
            Is.EquivalentTo(new[] { new PushTarget(stranger.Id, stranger.UserId, "main"), new PushTarget(bare.Id, bare.UserId, "main") }));
    }

    [Test]
    public async Task A_thousand_unproven_projects_do_not_displace_a_proven_one()
    {
        var repository = NewRepository();
        var stranger = await AddUserAsync();
        await ExecuteAsync(
            """
            INSERT INTO projects (id, user_id, name, repository, branch, auto_deploy_enabled, created_at, updated_at)
            SELECT gen_random_uuid(), $1, 'x', $2, 'main', TRUE, '2000-01-01', now() FROM generate_series(1, 1500)
            """, stranger.Id, repository.Address);
        var owner = await AddTargetAsync(repository);

        var result = await PushAsync(repository, Unique("d"));

        Assert.That(result.Deployments.Select(d => d.ProjectId), Is.EqualTo(new[] { owner.Id }));
        Assert.That((result.Unproven.Count, result.MoreTargets), Is.EqualTo((IPushes.MaxListedTargets, true)));
        Assert.That(result.Unproven, Is.All.Property("UserId").EqualTo(stranger.Id));
    }

    [Test]
    public async Task Beyond_the_maximum_the_oldest_projects_deploy_and_others_are_postponed()
    {
        var repository = NewRepository();
        var targets = new List<Project>();
        for (var i = 0; i < 5; i++)
        {
            targets.Add(await AddTargetAsync(repository));
        }

        await ExecuteAsync("UPDATE projects SET created_at = '2001-01-01' WHERE id = $1", targets[4].Id);

        var result = await PushAsync(repository, Unique("d"), PushOptions.Default with { MaxDeployments = 2, IsProduction = false });

        Assert.That(result.Deployments.Select(d => d.ProjectId), Is.EqualTo(new[] { targets[4].Id, targets[0].Id }));
        Assert.That(result.Deployments, Is.All.Property("IsProduction").False);
        Assert.That(result.Postponed.Select(t => t.ProjectId), Is.EqualTo(new[] { targets[1].Id, targets[2].Id, targets[3].Id }));
    }

    [TestCase(Superseding.Nothing, 2)]
    [TestCase(Superseding.Waiting, 1)]
    public async Task A_push_replaces_what_waits_when_the_options_say_so(Superseding supersedes, int waiting)
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository);
        var options = PushOptions.Default with { Supersedes = supersedes };
        await PushAsync(repository, Unique("d"), options);

        var result = await PushAsync(repository, Unique("d"), options);

        Assert.That(
            await ScalarAsync("SELECT count(*) FROM deployments WHERE project_id = $1 AND status = 'queued'", project.Id),
            Is.EqualTo(waiting));
        Assert.That(await Lifecycle.FindStatusAsync(result.Deployments.Single().Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    [TestCase("--upload-pack=x")]
    [TestCase("a..b")]
    [TestCase("\u00a0main")]
    public async Task A_pushed_name_that_is_not_a_branch_deploys_nothing(string name)
    {
        var repository = NewRepository();
        var odd = await AddTargetAsync(repository);
        var project = await AddTargetAsync(repository);
        await ExecuteAsync("UPDATE projects SET auto_deploy_branch = $2 WHERE id = $1", odd.Id, name);

        var none = await PushAsync(repository, Unique("d"), reference: "refs/heads/" + name);
        var result = await PushAsync(repository, Unique("d"));

        Assert.That((none.Outcome, none.Deployments.Count), Is.EqualTo((PushOutcome.NoTarget, 0)));
        Assert.That(result.Deployments.Select(d => d.ProjectId), Is.EqualTo(new[] { project.Id }));
    }

    [TestCase("https://git.example.com")]
    [TestCase("git@git.example.com")]
    [TestCase("git.example.com/scm")]
    public async Task A_host_that_is_an_address_is_refused(string host)
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository, proven: false);

        Assert.That(
            () => PushAsync(repository, Unique("d"), PushOptions.Default with { Host = host }),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("options.Host"));
        Assert.That(
            () => PlatformProjects.RecordAccessAsync(
                project.Id,
                project.Repository,
                new RepositoryAccess { Provider = WebhookProvider.GitHub, Host = host, RepositoryId = "1" },
                Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("access.Host"));
    }

    [Test]
    public async Task A_redelivery_queues_nothing_after_a_queued_delivery()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository);
        var delivery = Unique("d");
        var first = await PushAsync(repository, delivery);
        await AddTargetAsync(repository);

        var again = await PushAsync(repository, delivery);

        Assert.That((again.Outcome, again.PayloadId), Is.EqualTo((PushOutcome.Duplicate, first.PayloadId)));
        Assert.That(again.Deployments, Is.EqualTo(first.Deployments));
        Assert.That(await CountAsync(project), Is.EqualTo(1));
    }

    [Test]
    public async Task A_redelivery_is_queued_once_the_access_is_proven()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository, proven: false);
        var delivery = Unique("d");
        var first = await PushAsync(repository, delivery);
        Assert.That(
            (first.Outcome, (await PushAsync(repository, delivery)).Outcome),
            Is.EqualTo((PushOutcome.AccessUnproven, PushOutcome.Duplicate)));

        await ProveAsync(project, repository);
        var later = await PushAsync(repository, delivery);

        Assert.That((later.Outcome, later.PayloadId), Is.EqualTo((PushOutcome.Queued, first.PayloadId)));
        Assert.That((await PushAsync(repository, delivery)).Outcome, Is.EqualTo(PushOutcome.Duplicate));
        Assert.That(await CountAsync(project), Is.EqualTo(1));
    }

    [Test]
    public async Task A_redelivery_queues_nothing_after_its_deployment_was_removed()
    {
        var repository = NewRepository();
        var first = await AddTargetAsync(repository);
        var second = await AddTargetAsync(repository);
        var delivery = Unique("d");
        await PushAsync(repository, delivery);
        await Projects.RemoveAsync(first.Id, first.UserId, Token);

        await PushAsync(repository, delivery);

        Assert.That(await CountAsync(second), Is.EqualTo(1));
    }

    [Test]
    public async Task Concurrent_copies_of_a_delivery_queue_once()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository);
        var delivery = Unique("d");

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => PushAsync(repository, delivery)));

        Assert.That(results.Count(r => r.Outcome == PushOutcome.Queued), Is.EqualTo(1));
        Assert.That(results.Select(r => r.PayloadId).Distinct().Count(), Is.EqualTo(1));
        Assert.That(await CountAsync(project), Is.EqualTo(1));
    }

    [Test]
    public async Task Tags_deletions_and_other_events_are_stored_and_queue_nothing()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository);

        Assert.That((await PushAsync(repository, Unique("d"), reference: "refs/tags/main")).Outcome, Is.EqualTo(PushOutcome.NotABranch));
        Assert.That((await PushAsync(repository, Unique("d"), after: Zeros)).Outcome, Is.EqualTo(PushOutcome.Deleted));
        Assert.That((await PushAsync(repository, Unique("d"), reference: "refs/heads/other")).Outcome, Is.EqualTo(PushOutcome.NoTarget));
        var ping = await Pushes.HandleAsync(Delivery(Unique("d"), """{"zen":"x"}"""), PushOptions.Default, Token);
        Assert.That((ping.Outcome, ping.Push), Is.EqualTo((PushOutcome.NotABranch, (Push?)null)));
        Assert.That(await Webhooks.FindAsync(ping.PayloadId, Token), Is.Not.Null);
        Assert.That(await CountAsync(project), Is.Zero);
    }

    [Test]
    public async Task A_renamed_repository_deploys_and_its_namesake_does_not()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository);

        var renamed = await PushAsync(repository with { Address = "https://github.com/other/renamed.git" }, Unique("d"));
        var taken = await PushAsync(repository with { Id = NewRepository().Id }, Unique("d"));

        Assert.That(renamed.Deployments.Select(d => d.ProjectId), Is.EqualTo(new[] { project.Id }));
        Assert.That((taken.Outcome, taken.Deployments.Count), Is.EqualTo((PushOutcome.AccessUnproven, 0)));
        Assert.That(taken.Unproven.Select(t => t.ProjectId), Is.EqualTo(new[] { project.Id }));
    }

    [Test]
    public async Task The_same_id_at_another_host_or_provider_is_another_repository()
    {
        var repository = NewRepository();
        await AddTargetAsync(repository);

        var result = await PushAsync(repository with { Address = $"https://github.evil.example/{repository.Path}" }, Unique("d"));

        Assert.That((result.Outcome, result.Deployments.Count), Is.EqualTo((PushOutcome.NoTarget, 0)));
    }

    [Test]
    public async Task Another_address_ends_the_proof_and_another_spelling_does_not()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository);

        var same = await Projects.UpdateAsync(
            project.Id, project.UserId, new ProjectPatch { Repository = $"git@github.com:{repository.Path}.git" }, null, Token);
        var other = await Projects.UpdateAsync(
            project.Id, project.UserId, new ProjectPatch { Repository = "https://github.com/victim/private" }, null, Token);

        Assert.That((same.Project!.ProviderRepositoryId, same.Project.Provider), Is.EqualTo((repository.Id, WebhookProvider.GitHub)));
        Assert.That(
            (other.Project!.ProviderRepositoryId, other.Project.AccessProvenAt, other.Project.Provider),
            Is.EqualTo(((string?)null, (DateTimeOffset?)null, (WebhookProvider?)null)));
        Assert.That((await PushAsync(repository, Unique("d"))).Deployments, Is.Empty);
    }

    [Test]
    public async Task Another_writer_that_changes_the_address_ends_the_proof()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository);

        await ExecuteAsync("UPDATE projects SET repository = 'victim/private' WHERE id = $1", project.Id);

        Assert.That((await Projects.FindAsync(project.Id, project.UserId, Token))!.AccessProvenAt, Is.Null);
    }

    [Test]
    public async Task A_proof_is_recorded_for_the_verified_address_only()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository, proven: false);
        var access = new RepositoryAccess { Provider = WebhookProvider.GitHub, Host = "github.com", RepositoryId = repository.Id };

        Assert.That(
            await PlatformProjects.RecordAccessAsync(project.Id, "https://github.com/other/site", access, Token),
            Is.EqualTo(AccessOutcome.OtherRepository));
        Assert.That(
            await PlatformProjects.RecordAccessAsync(project.Id, repository.Address, access with { Host = "gitlab.com" }, Token),
            Is.EqualTo(AccessOutcome.OtherRepository));
        Assert.That(
            await PlatformProjects.RecordAccessAsync(Guid.NewGuid(), repository.Address, access, Token),
            Is.EqualTo(AccessOutcome.NotFound));
        Assert.That(await PlatformProjects.RevokeAccessAsync(project.Id, Token), Is.False);
        Assert.That(
            await PlatformProjects.RecordAccessAsync(
                project.Id, repository.Address, access with { VerifiedAt = DateTimeOffset.MaxValue }, Token),
            Is.EqualTo(AccessOutcome.Recorded));

        var proven = (await Projects.FindAsync(project.Id, project.UserId, Token))!;
        Assert.That(proven.AccessProvenAt, Is.EqualTo(Clock.GetUtcNow()).Within(TimeSpan.FromMinutes(1)));
        Assert.That((proven.GitHubRepoId, proven.ProviderHost), Is.EqualTo((repository.Id, "github.com")));
        Assert.That(await PlatformProjects.RevokeAccessAsync(project.Id, Token), Is.True);
        Assert.That((await PushAsync(repository, Unique("d"))).Outcome, Is.EqualTo(PushOutcome.AccessUnproven));
        Assert.That(
            () => PlatformProjects.RecordAccessAsync(project.Id, repository.Address, access with { RepositoryId = " " }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("access.RepositoryId"));
    }

    [Test]
    public async Task A_proof_older_than_the_maximum_age_does_not_count()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository, proven: false);
        await ProveAsync(project, repository, Clock.GetUtcNow() - TimeSpan.FromDays(8));
        var options = PushOptions.Default with { MaxAccessAge = TimeSpan.FromDays(7) };

        var result = await PushAsync(repository, Unique("d"), options);
        var renamed = await PushAsync(repository with { Address = "https://github.com/other/renamed" }, Unique("d"), options);

        Assert.That(result.Unproven.Select(t => t.ProjectId), Is.EqualTo(new[] { project.Id }));
        Assert.That(renamed.Unproven.Select(t => t.ProjectId), Is.EqualTo(new[] { project.Id }));
        Assert.That(
            (await PushAsync(repository, Unique("d"), options with { MaxAccessAge = TimeSpan.FromDays(9) })).Deployments,
            Has.Count.EqualTo(1));
    }

    [TestCase("refs/heads/main")]
    [TestCase(" main ")]
    [TestCase("main")]
    [TestCase("")]
    [TestCase(null)]
    public async Task Branch_spellings_of_other_writers_match(string? stored)
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository);
        await ExecuteAsync("UPDATE projects SET auto_deploy_branch = $2 WHERE id = $1", project.Id, (object?)stored ?? DBNull.Value);

        Assert.That((await PushAsync(repository, Unique("d"))).Deployments, Has.Count.EqualTo(1));
        Assert.That((await PushAsync(repository, Unique("d"), reference: "refs/heads/Main")).Deployments, Is.Empty);
    }

    [Test]
    public async Task Every_branch_of_a_push_to_Bitbucket_is_queued()
    {
        const string uuid = "{d2ac7fbe-4b1c-4c9a-8b1f-0d0b2f3d9c11}";
        var access = new RepositoryAccess { Provider = WebhookProvider.Bitbucket, Host = "bitbucket.org", RepositoryId = uuid };
        var main = await AddProjectOfAsync("https://bitbucket.org/team/app", "main", access);
        var live = await AddProjectOfAsync("git@bitbucket.org:team/app.git", "live", access);
        var body = $$$"""
            {"push":{"changes":[{"new":{"type":"branch","name":"main","target":{"hash":"{{{Sha}}}"} } },{"new":{"type":"branch",
            "name":"live","target":{"hash":"{{{Sha}}}","message":"m"} } }]},
             "repository":{"full_name":"team/app","uuid":"{{{uuid}}}"}}
            """;

        var result = await Pushes.HandleAsync(Delivery(Unique("d"), body, "bitbucket", "X-Request-UUID"), PushOptions.Default, Token);

        Assert.That(result.Deployments.Select(d => (d.ProjectId, d.Branch)), Is.EqualTo(new[] { (main.Id, "main"), (live.Id, "live") }));
    }

    [Test]
    public async Task A_push_without_a_host_belongs_to_the_options_host()
    {
        var access = new RepositoryAccess { Provider = WebhookProvider.Bitbucket, Host = "git.example.com", RepositoryId = "84" };
        var project = await AddProjectOfAsync("ssh://git@git.example.com:7999/proj/app.git", "main", access);
        var body = $$$"""
            {"eventKey":"repo:refs_changed","repository":{"slug":"app","id":84,"project":{"key":"PROJ"}},
             "changes":[{"ref":{"id":"refs/heads/main"},"toHash":"{{{Sha}}}"}]}
            """;

        var named = await Pushes.HandleAsync(
            Delivery(Unique("d"), body, "bitbucket", "X-Request-Id"), PushOptions.Default with { Host = "git.example.com" }, Token);
        var other = await Pushes.HandleAsync(
            Delivery(Unique("d"), body, "bitbucket", "X-Request-Id"), PushOptions.Default with { Host = "git.evil.example" }, Token);
        var unnamed = await Pushes.HandleAsync(Delivery(Unique("d"), body, "bitbucket", "X-Request-Id"), PushOptions.Default, Token);

        Assert.That(named.Deployments.Select(d => d.ProjectId), Is.EqualTo(new[] { project.Id }));
        Assert.That((other.Outcome, unnamed.Outcome), Is.EqualTo((PushOutcome.NoTarget, PushOutcome.AccessUnproven)));
    }

    [Test]
    public async Task A_request_id_does_not_identify_a_delivery()
    {
        var id = Unique("r");
        var first = await Pushes.HandleAsync(Delivery(id, "{}", "bitbucket", "X-Request-Id"), PushOptions.Default, Token);
        var second = await Pushes.HandleAsync(Delivery(id, "{}", "bitbucket", "X-Request-Id"), PushOptions.Default, Token);

        Assert.That(second.PayloadId, Is.Not.EqualTo(first.PayloadId));
    }

    [Test]
    public async Task A_failure_stores_the_delivery_and_queues_nothing()
    {
        var repository = NewRepository();
        var project = await AddTargetAsync(repository);
        var other = await AddTargetAsync(repository);
        var delivery = Unique("d");
        await ExecuteAsync($"ALTER TABLE deployments ADD CONSTRAINT no_second CHECK (project_id <> '{other.Id}') NOT VALID");

        Assert.That(() => PushAsync(repository, delivery), Throws.TypeOf<InvalidValueException>());
        await ExecuteAsync("ALTER TABLE deployments DROP CONSTRAINT no_second");

        Assert.That(
            await ScalarAsync("SELECT count(*) FROM webhook_payloads WHERE headers ->> 'x-github-delivery' = $1", delivery),
            Is.EqualTo(1));
        Assert.That(await CountAsync(project), Is.Zero);
        Assert.That((await PushAsync(repository, delivery)).Deployments, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_project_with_an_unreadable_environment_does_not_stop_those_of_others()
    {
        var repository = NewRepository();
        var broken = await AddTargetAsync(repository);
        await ExecuteAsync("UPDATE projects SET env_vars = 'enc:v2:not mine' WHERE id = $1", broken.Id);
        Assert.That(() => PushAsync(repository, Unique("d")), Throws.TypeOf<SecretUnreadableException>(), "alone");
        var other = await AddTargetAsync(repository);

        var result = await PushAsync(repository, Unique("d"));

        Assert.That(result.Deployments.Select(d => d.ProjectId), Is.EqualTo(new[] { other.Id }));
        Assert.That(result.Unreadable, Is.EqualTo(new[] { new PushTarget(broken.Id, broken.UserId, "main") }));
        Assert.That(await CountAsync(broken), Is.Zero);
    }

    [Test]
    public async Task Users_take_turns_whatever_the_number_and_the_age_of_their_projects()
    {
        var repository = NewRepository();
        var many = await AddTargetAsync(repository);
        await ExecuteAsync(
            """
            INSERT INTO projects (id, user_id, name, repository, branch, auto_deploy_enabled, created_at, updated_at)
            SELECT gen_random_uuid(), $1, 'x' || n, $2, 'main', TRUE, '2000-01-01', now() FROM generate_series(1, 30) n
            """, many.UserId, repository.Address);
        await ExecuteAsync(
            """
            UPDATE projects p
            SET provider = m.provider, provider_host = m.provider_host, provider_repository_id = m.provider_repository_id,
                access_proven_at = m.access_proven_at
            FROM projects m
            WHERE m.id = $1 AND p.user_id = m.user_id
            """, many.Id);
        Project[] others = [await AddTargetAsync(repository), await AddTargetAsync(repository)];

        var result = await PushAsync(repository, Unique("d"), new PushOptions { MaxDeployments = 4 });

        Assert.That(
            result.Deployments.Select(d => d.UserId),
            Is.EqualTo(new[] { many.UserId, others[0].UserId, others[1].UserId, many.UserId }));
        Assert.That(result.Postponed, Has.Count.EqualTo(29).And.All.Property("UserId").EqualTo(many.UserId));
    }

    [Test]
    public async Task A_project_that_is_being_removed_does_not_stop_those_of_others()
    {
        var repository = NewRepository();
        var removed = await AddTargetAsync(repository);
        var other = await AddTargetAsync(repository);
        Task<PushResult> push = null!;
        await UnitOfWork.RunAsync(
            async (tx, token) =>
            {
                await tx.Get<IProjectRepository>().RemoveAsync(removed.Id, removed.UserId, token);
                push = PushAsync(repository, Unique("d"));
                await UntilSomeoneWaitsAsync();
            },
            Token);

        Assert.That((await push).Deployments.Select(d => d.ProjectId), Is.EqualTo(new[] { other.Id }));
    }

    [Test]
    public async Task A_long_message_and_a_long_author_are_cut_with_a_mark()
    {
        var repository = NewRepository();
        await AddTargetAsync(repository);
        var body = Body(repository, "refs/heads/main", Sha)
            .Replace("\"fix\"", $"\"{new string('m', 20_000)}\"", StringComparison.Ordinal)
            .Replace("Mona", new string('a', 1_000), StringComparison.Ordinal);

        var result = await Pushes.HandleAsync(Delivery(Unique("d"), body), PushOptions.Default, Token);

        var deployment = result.Deployments[0];
        Assert.That(deployment.CommitMessage, Has.Length.EqualTo(CommitInfo.MaxMessageLength).And.EndsWith("m … (cut)"));
        Assert.That(deployment.Author, Has.Length.EqualTo(CommitInfo.MaxAuthorLength).And.EndsWith("a … (cut)"));
    }

    [Test]
    public async Task A_push_whose_body_is_edited_for_storage_still_queues()
    {
        var repository = NewRepository();
        await AddTargetAsync(repository);
        var deep = new string('[', 500) + new string(']', 500);
        var more = $"\"size\":1e131000,\"deep\":{deep},\"text\":\"\\u0000\\ud800\",\"message\":\"{new string('m', 100_000)}\",";
        var body = Body(repository, "refs/heads/main", Sha, more);

        var result = await Pushes.HandleAsync(Delivery(Unique("d"), body), PushOptions.Default, Token);

        Assert.That(result.Deployments, Has.Count.EqualTo(1));
        Assert.That(
            (await Webhooks.FindAsync(result.PayloadId, Token))!.PayloadJson.GetProperty("size").GetString(),
            Is.EqualTo("1e131000"));
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var delivery = Delivery(Unique("d"), "{}");
        Assert.That(() => Pushes.HandleAsync(null!, PushOptions.Default, Token), Throws.ArgumentNullException);
        Assert.That(() => Pushes.HandleAsync(delivery, null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Pushes.HandleAsync(delivery, PushOptions.Default with { MaxDeployments = 0 }, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("MaxDeployments"));
        Assert.That(
            () => Pushes.HandleAsync(delivery, PushOptions.Default with { MaxDeployments = 1001 }, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => Pushes.HandleAsync(delivery, PushOptions.Default with { MaxAccessAge = TimeSpan.Zero }, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("MaxAccessAge"));
        Assert.That(() => Pushes.HandleAsync(delivery with { Provider = default }, PushOptions.Default, Token), Throws.ArgumentException);
        var stored = await Pushes.HandleAsync(delivery, PushOptions.Default, Token);
        Assert.That(
            () => Pushes.HandleAsync(Delivery(Unique("d"), "{}") with { Id = stored.PayloadId }, PushOptions.Default, Token),
            Throws.TypeOf<DuplicateException>());
    }

    private sealed record Repository(string Path, string Address, string Id);

    private static Repository NewRepository()
    {
        var number = Interlocked.Increment(ref repositories);
        return new($"ada/push-{number}", $"https://github.com/ada/push-{number}.git", $"{1000 + number}");
    }

    private static NewWebhookPayload Delivery(
        string id, string body, string provider = "github", string header = "X-GitHub-Delivery") =>
        new()
        {
            Provider = WebhookProvider.From(provider),
            PayloadJson = JsonElement.Parse(body, new JsonDocumentOptions { MaxDepth = 100_000 }),
            Headers = JsonSerializer.SerializeToElement(new Dictionary<string, string> { [header] = id }),
        };

    private static string Body(Repository repository, string reference, string after, string more = "") => $$$"""
        { {{{more}}}"ref":"{{{reference}}}","before":"{{{Zeros}}}","after":"{{{after}}}","repository":{"id":{{{repository.Id}}},
        "clone_url":"{{{repository.Address}}}" },
         "head_commit":{"id":"{{{after}}}","message":"fix","timestamp":"2019-05-15T15:20:41-07:00","author":{"name":"Mona"} } }
        """;

    private Task<PushResult> PushAsync(
        Repository repository, string delivery, PushOptions? options = null, string reference = "refs/heads/main", string after = Sha) =>
        Pushes.HandleAsync(Delivery(delivery, Body(repository, reference, after)), options ?? PushOptions.Default, Token);

    private async Task<Project> AddTargetAsync(Repository repository, bool proven = true)
    {
        var project = await AddProjectOfAsync(repository.Address, "main", access: null);
        if (proven)
        {
            await ProveAsync(project, repository);
        }

        return project;
    }

    private async Task<Project> AddProjectOfAsync(string address, string branch, RepositoryAccess? access)
    {
        var project = await Projects.AddAsync(
            new NewProject
            {
                UserId = (await AddUserAsync()).Id,
                Name = "Site",
                Repository = address,
                Branch = branch,
                AutoDeployEnabled = true,
            },
            Token);
        if (access is not null)
        {
            Assert.That(
                await PlatformProjects.RecordAccessAsync(project.Id, project.Repository, access, Token),
                Is.EqualTo(AccessOutcome.Recorded));
        }

        return project;
    }

    private async Task ProveAsync(Project project, Repository repository, DateTimeOffset? at = null) =>
        Assert.That(
            await PlatformProjects.RecordAccessAsync(
                project.Id,
                project.Repository,
                new RepositoryAccess
                {
                    Provider = WebhookProvider.GitHub,
                    Host = "github.com",
                    RepositoryId = repository.Id,
                    VerifiedAt = at,
                },
                Token),
            Is.EqualTo(AccessOutcome.Recorded));

    private async Task<int> CountAsync(Project project) =>
        (await Deployments.ListByProjectAsync(project.Id, project.UserId, Cursor.Start, 100, Token)).Items.Count;
}
