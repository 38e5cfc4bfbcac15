using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.SecretRotation;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.SecretRotation;

public sealed class SecretRotationTests : DatabaseTests
{
    [Test]
    public async Task After_a_run_no_secret_needs_the_old_key()
    {
        var (old, current) = (NewKey("old"), NewKey("current"));
        await using var before = WithKeys(old);
        await using var during = WithKeys(current, old);
        await using var after = WithKeys(current);
        var deployments = new List<(Guid Id, Guid ProjectId, Guid UserId)>();
        for (var i = 0; i < 5; i++)
        {
            var deployment = await EnqueueAsync();
            var environments = before.GetRequiredService<IProjectEnvironmentRepository>();
            await environments.ReplaceAsync(deployment.ProjectId, deployment.UserId, Secret.From($"V={i}"), Token);
            await before.GetRequiredService<IDeploymentEnvironmentRepository>().SnapshotAsync(deployment.Id, deployment.UserId, Token);
            await before.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(
                deployment.UserId, new GitHubTokens { AccessToken = Secret.From($"gho{i}"), RefreshToken = Secret.From($"ghr{i}") }, Token);
            deployments.Add((deployment.Id, deployment.ProjectId, deployment.UserId));
        }

        // One in clear, as the Python services left it.
        await ExecuteAsync("UPDATE projects SET env_vars = 'V=0' WHERE id = $1", deployments[0].ProjectId);

        var results = await during.GetRequiredService<ISecretRotation>().RunAsync(2, null, Token);

        Assert.That(results.Select(r => (r.Column, r.Rotated, r.Unreadable)), Is.EqualTo(new[]
        {
            ("github_connections.github_access_token", 5, 0),
            ("github_connections.github_refresh_token", 5, 0),
            ("projects.env_vars", 5, 0),
            ("deployments.env_vars", 5, 0),
            ("sessions.token", 0, 0),
        }));
        Assert.That((await during.GetRequiredService<ISecretRotation>().RunAsync(2, null, Token)).Sum(r => r.Rotated), Is.Zero);
        for (var i = 0; i < 5; i++)
        {
            var (id, projectId, userId) = deployments[i];
            var environments = after.GetRequiredService<IProjectEnvironmentRepository>();
            Assert.That((await environments.FindAsync(projectId, userId, Token))!.Reveal(), Is.EqualTo($"V={i}"));
            Assert.That(
                (await after.GetRequiredService<IPlatformDeploymentEnvironmentRepository>().FindAsync(id, Token))!.Reveal(),
                Is.EqualTo($"V={i}"));
            var tokens = (await after.GetRequiredService<IGitHubConnectionRepository>().FindTokensAsync(userId, Token))!;
            Assert.That((tokens.AccessToken.Reveal(), tokens.RefreshToken!.Reveal()), Is.EqualTo(($"gho{i}", $"ghr{i}")));
        }

        // Without the old key, what it encrypted is counted and stays.
        await before.GetRequiredService<IProjectEnvironmentRepository>().ReplaceAsync(
            deployments[0].ProjectId, deployments[0].UserId, Secret.From("late"), Token);
        var unreadable = (await after.GetRequiredService<ISecretRotation>().RunAsync(100, null, Token))
            .Single(r => r.Column == "projects.env_vars");
        Assert.That((unreadable.Rotated, unreadable.Unreadable), Is.EqualTo((0, 1)));
        await ExecuteAsync("TRUNCATE users CASCADE");
    }

    [Test]
    public async Task A_value_written_concurrently_with_the_old_key_is_counted_as_skipped()
    {
        var (old, current) = (NewKey("old"), NewKey("current"));
        await using var before = WithKeys(old);
        await using var during = WithKeys(current, old);
        await using var after = WithKeys(current);
        var project = await AddProjectAsync();
        await before.GetRequiredService<IProjectEnvironmentRepository>().ReplaceAsync(
            project.Id, project.UserId, Secret.From("V=1"), Token);
        Task<IReadOnlyList<SecretRotationResult>> rotation = null!;
        await before.GetRequiredService<IUnitOfWork>().RunAsync(async (tx, ct) =>
        {
            await tx.Get<IProjectEnvironmentRepository>().ReplaceAsync(project.Id, project.UserId, Secret.From("V=2"), ct);
            rotation = during.GetRequiredService<ISecretRotation>().RunAsync(10, null, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        var first = (await rotation).Single(r => r.Column == "projects.env_vars");
        Assert.That((first.Rotated, first.Skipped, first.Unreadable), Is.EqualTo((0, 1, 0)));
        var second = (await during.GetRequiredService<ISecretRotation>().RunAsync(10, null, Token))
            .Single(r => r.Column == "projects.env_vars");
        Assert.That((second.Rotated, second.Skipped, second.Unreadable), Is.EqualTo((1, 0, 0)));
        Assert.That(
            (await after.GetRequiredService<IProjectEnvironmentRepository>().FindAsync(project.Id, project.UserId, Token))!.Reveal(),
            Is.EqualTo("V=2"));
        await ExecuteAsync("UPDATE projects SET env_vars = NULL WHERE id = $1", project.Id);
    }

    [Test]
    public async Task Values_of_the_first_form_are_renewed_and_refused_afterwards()
    {
        var key = NewKey("k1");
        await using var lenient = WithKeys(key);
        await using var strict = Strict(key);
        var deployment = await EnqueueAsync();
        var (projectId, userId) = (deployment.ProjectId, deployment.UserId);
        var first = FirstForm.Protect(key, "V=1", "projects.env_vars", projectId);
        await ExecuteAsync("UPDATE projects SET env_vars = $1 WHERE id = $2", first, projectId);
        await ExecuteAsync(
            "UPDATE deployments SET env_vars = $1 WHERE id = $2",
            FirstForm.Protect(key, "V=0", "deployments.env_vars", deployment.Id),
            deployment.Id);
        await ExecuteAsync(
            """
            INSERT INTO github_connections (id, user_id, github_access_token, github_refresh_token, connected_at)
            VALUES (gen_random_uuid(), $1, $2, $3, now())
            """,
            userId,
            FirstForm.Protect(key, "gho", "github_connections.github_access_token", userId),
            FirstForm.Protect(key, "ghr", "github_connections.github_refresh_token", userId));
        Assert.That(
            (await lenient.GetRequiredService<IProjectEnvironmentRepository>().FindAsync(projectId, userId, Token))!.Reveal(),
            Is.EqualTo("V=1"));
        Assert.That(
            (await strict.GetRequiredService<ISecretRotation>().RunAsync(10, null, Token))
                .Where(IsEncrypted)
                .Select(r => (r.Rotated, r.Unreadable)),
            Is.All.EqualTo((0, 1)));

        var results = await lenient.GetRequiredService<ISecretRotation>().RunAsync(10, null, Token);

        Assert.That(results.Where(IsEncrypted).Select(r => (r.Rotated, r.Skipped, r.Unreadable)), Is.All.EqualTo((1, 0, 0)));
        var environments = strict.GetRequiredService<IProjectEnvironmentRepository>();
        Assert.That((await environments.FindAsync(projectId, userId, Token))!.Reveal(), Is.EqualTo("V=1"));
        Assert.That(
            (await strict.GetRequiredService<IPlatformDeploymentEnvironmentRepository>().FindAsync(deployment.Id, Token))!.Reveal(),
            Is.EqualTo("V=0"));
        var tokens = (await strict.GetRequiredService<IGitHubConnectionRepository>().FindTokensAsync(userId, Token))!;
        Assert.That((tokens.AccessToken.Reveal(), tokens.RefreshToken!.Reveal()), Is.EqualTo(("gho", "ghr")));

        // From a dump that was taken before.
        await ExecuteAsync("UPDATE projects SET env_vars = $1, env_vars_version = NULL WHERE id = $2", first, projectId);
        Assert.That(() => environments.FindAsync(projectId, userId, Token), Throws.TypeOf<SecretUnreadableException>());
        await ExecuteAsync("TRUNCATE users CASCADE");
    }

    [Test]
    public async Task A_clear_value_is_encrypted_with_a_version_of_its_own()
    {
        await using var host = WithKeys(NewKey("k1"));
        var project = await AddProjectAsync();
        var environments = host.GetRequiredService<IProjectEnvironmentRepository>();
        await environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=older"), Token);
        var older = (string)(await ScalarAsync("SELECT env_vars FROM projects WHERE id = $1", project.Id))!;
        await ExecuteAsync("UPDATE projects SET env_vars = 'V=clear' WHERE id = $1", project.Id);
        await host.GetRequiredService<ISecretRotation>().RunAsync(10, null, Token);
        Assert.That((await environments.FindAsync(project.Id, project.UserId, Token))!.Reveal(), Is.EqualTo("V=clear"));

        await ExecuteAsync("UPDATE projects SET env_vars = $1 WHERE id = $2", older, project.Id);

        Assert.That(() => environments.FindAsync(project.Id, project.UserId, Token), Throws.TypeOf<SecretUnreadableException>());
        await ExecuteAsync("TRUNCATE users CASCADE");
    }

    [Test]
    public async Task A_clear_value_that_is_not_accepted_is_not_encrypted()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync("UPDATE projects SET env_vars = 'LD_PRELOAD=/evil.so' WHERE id = $1", project.Id);
        await using var strict = Strict(NewKey("k1"));

        var result = (await strict.GetRequiredService<ISecretRotation>().RunAsync(100, null, Token))
            .Single(r => r.Column == "projects.env_vars");

        Assert.That((result.Rotated, result.Unreadable), Is.EqualTo((0, 1)));
        Assert.That(
            () => strict.GetRequiredService<IProjectEnvironmentRepository>().FindAsync(project.Id, project.UserId, Token),
            Throws.TypeOf<SecretUnreadableException>());
        await ExecuteAsync("UPDATE projects SET env_vars = NULL WHERE id = $1", project.Id);
    }

    [Test]
    public async Task A_value_without_its_version_is_counted_as_unreadable()
    {
        await using var host = WithKeys(NewKey("k1"));
        var deployment = await EnqueueAsync();
        await AddProjectAsync();
        var environments = host.GetRequiredService<IProjectEnvironmentRepository>();
        await environments.ReplaceAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        await host.GetRequiredService<IDeploymentEnvironmentRepository>().SnapshotAsync(deployment.Id, deployment.UserId, Token);
        await host.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(
            deployment.UserId, new GitHubTokens { AccessToken = Secret.From("gho"), RefreshToken = Secret.From("ghr") }, Token);
        await ExecuteAsync("UPDATE projects SET env_vars_version = NULL");
        await ExecuteAsync("UPDATE deployments SET env_vars_version = NULL");
        await ExecuteAsync("UPDATE github_connections SET github_access_token_version = NULL, github_refresh_token_version = NULL");

        var results = await host.GetRequiredService<ISecretRotation>().RunAsync(1, null, Token);

        Assert.That(results.Where(IsEncrypted).Select(r => (r.Rotated, r.Skipped, r.Unreadable)), Is.All.EqualTo((0, 0, 1)));
        await ExecuteAsync("TRUNCATE users CASCADE");
    }

    [Test]
    public async Task Large_values_of_other_writers_are_read_a_few_at_once_and_each_is_handled_once()
    {
        const int Values = 6;
        await ExecuteAsync("TRUNCATE users CASCADE");
        await using var host = WithKeys(NewKey("k1"));
        for (var i = 0; i < Values; i++)
        {
            var deployment = await EnqueueAsync();
            await ExecuteAsync(
                "INSERT INTO github_connections (user_id, github_access_token, github_refresh_token) VALUES ($1, $2, $2)",
                deployment.UserId, new string('x', 3_000_000));
            await ExecuteAsync("UPDATE projects SET env_vars = repeat('x', 3000000) WHERE id = $1", deployment.ProjectId);
            await ExecuteAsync("UPDATE deployments SET env_vars = repeat('x', 3000000) WHERE id = $1", deployment.Id);
        }

        var rotation = host.GetRequiredService<ISecretRotation>();
        var statements = new System.Collections.Concurrent.ConcurrentQueue<System.Diagnostics.Activity>();
        using var listener = new System.Diagnostics.ActivityListener
        {
            ShouldListenTo = source => source.Name == "AutoStack.Data",
            Sample = (ref _) => System.Diagnostics.ActivitySamplingResult.AllData,
            ActivityStopped = statements.Enqueue,
        };
        System.Diagnostics.ActivitySource.AddActivityListener(listener);
        using var root = new System.Diagnostics.Activity("test").Start();

        var results = await rotation.RunAsync(1000, null, Token);
        var pages = statements.Count(one => one.TraceId == root.TraceId
            && one.GetTagItem("db.query.text") is string text && text.Contains("starts_with", StringComparison.Ordinal));
        var unreadable = 0;
        await foreach (var _ in rotation.FindUnreadableAsync(1000, null, Token))
        {
            unreadable++;
        }

        Assert.That(results.Where(IsEncrypted).Select(r => (r.Rotated, r.Skipped, r.Unreadable)), Is.All.EqualTo((Values, 0, 0)));
        Assert.That(pages, Is.EqualTo(4 * Values / 2), "the second value begins below 4 MiB, the third above");
        Assert.That(unreadable, Is.Zero);
        Assert.That((await rotation.RunAsync(1000, null, Token)).Sum(r => r.Rotated), Is.Zero);
        await ExecuteAsync("TRUNCATE users CASCADE");
    }

    [Test]
    public void Invalid_arguments_are_named()
    {
        Assert.That(
            () => Get<ISecretRotation>().RunAsync(10, null, Token), Throws.InvalidOperationException.With.Message.Contains("SecretKeys"));
        Assert.That(() => Get<ISecretRotation>().RunAsync(0, null, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    // Tokens of sessions are hashed.
    private static bool IsEncrypted(SecretRotationResult result) => result.Column != "sessions.token";

    private ServiceProvider Strict(SecretKey key) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            options.SecretKeys.Add(key);
            options.AcceptClearSecrets = false;
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
