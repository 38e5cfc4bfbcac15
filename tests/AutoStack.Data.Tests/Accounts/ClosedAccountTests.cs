using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;
using Npgsql;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>An account that was removed and whose rows are still there: nobody finds it, signs in to it or works for it.</summary>
[CancelAfter(120_000)]
public sealed class ClosedAccountTests : DatabaseTests
{
    private static readonly PasswordHash Hash = PasswordHash.From("$2a$12$" + new string('a', 53));
    private static readonly PasswordHash OtherHash = PasswordHash.From("$2a$12$" + new string('b', 53));

    [SetUp]
    public Task EmptyAsync() => ExecuteAsync("TRUNCATE users CASCADE");

    [Test]
    public async Task Nobody_finds_a_closed_account()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync("UPDATE users SET avatar_url = 'https://example.com/ada.png' WHERE id = $1", project.UserId);
        var user = (await Users.FindAsync(project.UserId, Token))!;

        Assert.That(await Users.RemoveAsync(user.Id, Token), Is.True);
        Assert.That(await Users.RemoveAsync(user.Id, Token), Is.False);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await Users.FindAsync(user.Id, Token), Is.Null);
            Assert.That(await PlatformUsers.FindByEmailAsync(user.Email, Token), Is.Null);
            Assert.That((await PlatformUsers.ListAsync(Cursor.Start, 10, Token)).Items, Is.Empty);
            Assert.That(await PlatformUsers.CountClosedAsync(Token), Is.EqualTo(1));
            Assert.That(await Preferences.FindAsync(user.Id, Token), Is.Null);
            Assert.That(await Preferences.FindNotificationTargetAsync(user.Id, true, Token), Is.Null);
            Assert.That(
                await Users.UpdateAsync(user.Id, new UserPatch { Name = "Ada L." }, null, Token),
                Is.EqualTo(new UserUpdateResult(UpdateOutcome.NotFound, null)));
            Assert.That(
                await Users.VerifyEmailAsync(user.Id, user.Email, Token), Is.EqualTo(EmailVerificationOutcome.UserNotFound));
            Assert.That(
                await ScalarAsync(
                    "SELECT count(*) FROM users WHERE email = $1 OR name = $2 OR avatar_url IS NOT NULL", user.Email, user.Name),
                Is.Zero);
        }
    }

    [Test]
    public async Task The_address_and_the_links_of_a_closed_account_are_free()
    {
        var user = new NewUser { Name = "Ada", Email = $"{Unique("ada")}@example.com", GitHubId = "1815", GoogleId = "1852" };
        var first = await Users.AddAsync(user, Token);
        await AddProjectAsync(first.Id);

        await Users.RemoveAsync(first.Id, Token);

        var second = await Users.AddAsync(user, Token);
        Assert.That(second.Id, Is.Not.EqualTo(first.Id));
        Assert.That((await Identities.FindByProviderAsync(IdentityProvider.GitHub, "1815", Token))!.Id, Is.EqualTo(second.Id));
    }

    [Test]
    public async Task A_claim_that_was_not_committed_when_the_account_was_closed_does_not_escape([Values(null, 5)] int? limit)
    {
        var deployment = await EnqueueAsync();
        var options = new ClaimOptions { MaxPerProject = limit, Key = Guid.NewGuid() };
        Task<bool> closing = null!;
        await UnitOfWork.RunAsync(
            async (tx, token) =>
            {
                Assert.That(await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(options, token), Is.Not.Null);
                closing = Users.RemoveAsync(deployment.UserId, Token);
                await UntilSomeoneWaitsAsync();
            },
            Token);

        Assert.That(await closing, Is.True);
        var claim = new DeploymentClaim(deployment.Id, options.Key!.Value);
        Assert.That(await Lifecycle.RenewAsync(claim, TimeSpan.FromMinutes(1), Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(await Lifecycle.SucceedAsync(claim, "https://example.com", Token), Is.Not.EqualTo(TransitionOutcome.Applied));
        Assert.That(await ScalarAsync("SELECT count(*) FROM live_deployments"), Is.Zero);
    }

    [Test]
    public async Task A_claim_takes_nothing_of_an_account_that_is_being_closed([Values(null, 5)] int? limit)
    {
        var deployment = await EnqueueAsync();
        await UnitOfWork.RunAsync(
            async (tx, token) =>
            {
                Assert.That(await tx.Get<IUserRepository>().RemoveAsync(deployment.UserId, token), Is.True);
                Assert.That(await Lifecycle.ClaimNextAsync(new ClaimOptions { MaxPerProject = limit }, Token), Is.Null);
            },
            Token);

        Assert.That(await Lifecycle.ClaimNextAsync(new ClaimOptions { MaxPerProject = limit }, Token), Is.Null);
    }

    [Test]
    public async Task Nobody_signs_in_to_a_closed_account()
    {
        var email = $"{Unique("ada")}@example.com";
        var user = (await Identities.RegisterAsync(new NewAccount { Name = "Ada", Email = email, Password = Hash }, Token)).User!;
        await AddProjectAsync(user.Id);
        var client = ClientKey.New();
        var (_, token) = await Sessions.AddAsync(new NewSession { UserId = user.Id, Client = client }, Token);
        var rotated = await Sessions.RotateAsync(token, client, TimeSpan.FromDays(1), Token);
        var reset = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;

        await Users.RemoveAsync(user.Id, Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await Sessions.FindActiveAsync(rotated.Token!, Token), Is.Null);
            foreach (var presented in new[] { token, rotated.Token! })
            {
                var answer = await Sessions.RotateAsync(presented, client, TimeSpan.FromDays(1), Token);
                Assert.That((answer.Token, answer.Next), Is.EqualTo(((SessionToken?)null, (SessionWithUser?)null)));
            }

            Assert.That(
                () => Sessions.AddAsync(new NewSession { UserId = user.Id }, Token),
                Throws.TypeOf<MissingReferenceException>().With.Property("Constraint").EqualTo("sessions_user_id_fkey"));
            Assert.That(
                (await Sessions.AddVerifiedAsync(new NewSession { UserId = user.Id }, Hash, Token)).Outcome,
                Is.EqualTo(SessionIssueOutcome.Superseded));
            Assert.That(await Identities.FindCredentialsAsync(email, Token), Is.Null);
            Assert.That(await ResetTokens.ConsumeAsync(reset, OtherHash, AccountLinks.None, Token), Is.Null);
            Assert.That(
                (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Outcome,
                Is.EqualTo(ResetIssueOutcome.UserNotFound));
            Assert.That(
                await Identities.ChangePasswordAsync(user.Id, new PasswordChange { Verified = null, Password = OtherHash }, Token),
                Is.EqualTo(PasswordChangeOutcome.UserNotFound));
            var link = new ProviderLink { Provider = IdentityProvider.GitHub, ProviderId = "7", SignedInAt = Clock.GetUtcNow() };
            Assert.That(await Identities.LinkAsync(user.Id, link, Token), Is.EqualTo(LinkOutcome.UserNotFound));
            Assert.That(await ScalarAsync("SELECT count(*) FROM sessions WHERE rotated_at IS NULL"), Is.Zero);
        }
    }

    [Test]
    public async Task A_session_that_is_being_added_ends_with_the_account()
    {
        var project = await AddProjectAsync();
        await using var hold = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await hold.BeginTransactionAsync(Token);
        const string Insert = "INSERT INTO sessions (user_id, token, expires_at) VALUES ($1, 't', '2300-01-01')";
        await using (var insert = new NpgsqlCommand(Insert, hold))
        {
            insert.Parameters.Add(new NpgsqlParameter { Value = project.UserId });
            await insert.ExecuteNonQueryAsync(Token);
        }

        var removal = Task.Run(() => Users.RemoveAsync(project.UserId, Token));
        await UntilSomeoneWaitsAsync();
        await transaction.CommitAsync(Token);

        Assert.That(await removal, Is.True);
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions"), Is.Zero);
    }

    [Test]
    public async Task An_account_without_projects_is_removed_at_once()
    {
        var user = await AddUserAsync();
        await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);

        Assert.That(await Users.RemoveAsync(user.Id, Token), Is.True);

        Assert.That(await ScalarAsync("SELECT count(*) FROM users"), Is.Zero);
    }

    [Test]
    public async Task A_removal_that_is_rolled_back_closes_nothing()
    {
        var project = await AddProjectAsync();
        var (_, token) = await Sessions.AddAsync(new NewSession { UserId = project.UserId }, Token);
        var before = await Users.FindAsync(project.UserId, Token);

        Assert.That(
            () => UnitOfWork.RunAsync<bool>(
                async (tx, ct) =>
                {
                    Assert.That(await tx.Get<IUserRepository>().RemoveAsync(project.UserId, ct), Is.True);
                    throw new NotSupportedException();
                }, Token),
            Throws.TypeOf<NotSupportedException>());

        Assert.That(await Users.FindAsync(project.UserId, Token), Is.EqualTo(before));
        Assert.That(await Sessions.FindActiveAsync(token, Token), Is.Not.Null);
    }

    private static IEnumerable<ClaimOptions> Claims =>
        [new(), PerProject(1), new() { MaxPerUser = 1 }, new() { MaxPerProject = 5, MaxPerUser = 5 }];

    // More waiting deployments and projects than a claim with limits looks at, before the deployment of another user.
    [TestCaseSource(nameof(Claims))]
    public async Task No_worker_claims_a_deployment_of_a_closed_account(ClaimOptions options)
    {
        var closed = await AddUserAsync();
        for (var i = 0; i < 110; i++)
        {
            await EnqueueAsync(await AddProjectAsync(closed.Id));
        }

        var open = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET queue_place = queue_place + 1000 * 4294967296 WHERE id = $1", open.Id);
        Assert.That(await Users.RemoveAsync(closed.Id, Token), Is.True);

        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(open.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Null);
    }

    [Test]
    public async Task A_running_deployment_is_cancelled_and_its_worker_loses_the_lease()
    {
        var project = await AddProjectAsync();
        await EnqueueAsync(project);
        var job = (await Lifecycle.ClaimNextAsync(Token))!;

        await Users.RemoveAsync(project.UserId, Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                await Lifecycle.RenewAsync(job.Claim, TimeSpan.FromMinutes(1), Token), Is.EqualTo(TransitionOutcome.Cancelled));
            Assert.That(
                await Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.Cancelled));
            Assert.That(await Lifecycle.FindStatusAsync(job.Deployment.Id, Token), Is.EqualTo(DeploymentStatus.Cancelled));
            Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_leases"), Is.Zero);
            Assert.That(await Deployments.FindAsync(job.Deployment.Id, project.UserId, Token), Is.Null);
        }
    }

    [Test]
    public async Task A_push_deploys_no_project_of_a_closed_account()
    {
        var projects = new List<Project>();
        for (var i = 0; i < 2; i++)
        {
            var project = await Projects.AddAsync(
                new NewProject
                {
                    UserId = (await AddUserAsync()).Id,
                    Name = "site",
                    Repository = "https://github.com/ada/shared",
                    AutoDeployEnabled = true,
                }, Token);
            var access = new RepositoryAccess { Provider = WebhookProvider.GitHub, Host = "github.com", RepositoryId = "77" };
            await PlatformProjects.RecordAccessAsync(project.Id, "https://github.com/ada/shared", access, Token);
            projects.Add(project);
        }

        await Users.RemoveAsync(projects[0].UserId, Token);

        var targets = await Get<IPushes>().HandleAsync(Push("77", "ada/shared"), PushOptions.Default, Token);
        Assert.That(targets.Deployments.Select(deployment => deployment.UserId), Is.EqualTo(new[] { projects[1].UserId }));
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployments WHERE user_id = $1", projects[0].UserId), Is.Zero);
    }

    private static NewWebhookPayload Push(string repositoryId, string name) => new()
    {
        Provider = WebhookProvider.GitHub,
        PayloadJson = System.Text.Json.JsonElement.Parse($$"""
            {
                "ref": "refs/heads/main", "before": "{{new string('0', 40)}}", "after": "{{new string('a', 40)}}",
                "repository": { "id": {{repositoryId}}, "full_name": "{{name}}", "clone_url": "https://github.com/{{name}}.git" },
                "head_commit": { "id": "{{new string('a', 40)}}", "message": "m", "timestamp": "2026-01-01T00:00:00Z" }
            }
            """),
        Headers = System.Text.Json.JsonElement.Parse("""{ "X-GitHub-Delivery": "d-1", "X-GitHub-Event": "push" }"""),
    };
}
