using System.Net;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Retention;
using AutoStack.Data.SecretRotation;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Values;

/// <summary>The empty id is refused in new rows, and rows of other writers that have it are in every list.</summary>
public sealed class EmptyIdTests : DatabaseTests
{
    [Test]
    public async Task No_new_row_has_the_empty_id()
    {
        var project = await AddProjectAsync();
        var deployment = await EnqueueAsync(project);
        var newProject = new NewProject { UserId = project.UserId, Name = "site", Repository = "ada/site" };
        var newDeployment = new NewDeployment { ProjectId = project.Id, UserId = project.UserId, WithoutEnvironment = true };
        var check = new NewDeploymentHealthCheck { DeploymentId = deployment.Id, Url = "https://example.com", IsLive = true };
        var container = new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "i", Host = "h", Ports = new(1_000, 1_001) };
        var empty = JsonSerializer.SerializeToElement(new { });
        var payload = new NewWebhookPayload { Provider = WebhookProvider.GitHub, PayloadJson = empty, Headers = empty };
        var line = new NewDeploymentLog { Id = Guid.Empty, Message = "line" };
        var attempt = new SignInAttempt { Email = "ada@example.com", Address = IPAddress.Loopback, Id = Guid.Empty };
        (string Name, Func<Task> Call)[] calls =
        [
            ("user.Id", () => Users.AddAsync(new NewUser { Id = Guid.Empty, Name = "Ada", Email = "ada@example.com" }, Token)),
            ("account.Id", () => Identities.RegisterAsync(
                new NewAccount { Id = Guid.Empty, Name = "Ada", Email = "ada@example.com", Password = null! }, Token)),
            ("session.Id", () => Sessions.AddAsync(new NewSession { Id = Guid.Empty, UserId = project.UserId }, Token)),
            ("session.UserId", () => Sessions.AddAsync(new NewSession { UserId = Guid.Empty }, Token)),
            ("attempt.Id", () => Throttle.AcquireAsync(attempt, Token)),
            ("project.Id", () => Projects.AddAsync(newProject with { Id = Guid.Empty }, Token)),
            ("project.UserId", () => Projects.AddAsync(newProject with { UserId = Guid.Empty }, Token)),
            ("project.Id", () => Projects.EnsureAsync(newProject with { Id = Guid.Empty }, new ProjectPatch(), Token)),
            ("deployment.Id", () => Deployments.EnqueueAsync(newDeployment with { Id = Guid.Empty }, Token)),
            ("deployment.ProjectId", () => Deployments.EnqueueAsync(newDeployment with { ProjectId = Guid.Empty }, Token)),
            ("deployment.UserId", () => Deployments.EnqueueAsync(newDeployment with { UserId = Guid.Empty }, Token)),
            ("redeployment.Id", () => Deployments.RedeployAsync(
                deployment.Id, project.UserId, new Redeployment { Id = Guid.Empty }, Token)),
            ("rollback.Id", () => Deployments.RollbackAsync(project.Id, project.UserId, new Rollback { Id = Guid.Empty }, Token)),
            ("options.Key", () => Lifecycle.ClaimNextAsync(new ClaimOptions { Key = Guid.Empty }, Token)),
            ("check.Id", () => PlatformHealthChecks.AddAsync(check with { Id = Guid.Empty }, Token)),
            ("check.DeploymentId", () => PlatformHealthChecks.AddAsync(check with { DeploymentId = Guid.Empty }, Token)),
            ("Check 1", () => PlatformHealthChecks.AddManyAsync([check, check with { Id = Guid.Empty }], Token)),
            ("Check 1", () => PlatformHealthChecks.AddManyAsync([check, check with { DeploymentId = Guid.Empty }], Token)),
            ("container.Id", () => PlatformContainers.ReserveAsync(container with { Id = Guid.Empty }, Token)),
            ("container.DeploymentId", () => PlatformContainers.ReserveAsync(container with { DeploymentId = Guid.Empty }, Token)),
            ("payload.Id", () => Webhooks.StoreAsync(payload with { Id = Guid.Empty }, Token)),
            ("payload.Id", () => Pushes.HandleAsync(payload with { Id = Guid.Empty }, PushOptions.Default, Token)),
            ("Line 0", () => Get<IPlatformDeploymentLogRepository>().AppendAsync(deployment.Id, [line], Token)),
            ("line.Id", () => Get<IDeploymentLogWriter>().WriteAsync(deployment.Id, line, Token)),
        ];
        foreach (var (name, call) in calls)
        {
            Assert.That(
                async () => await call(),
                Throws.ArgumentException.With.Message.StartsWith($"{name} ").And.Message.Contains("the empty id"), name);
        }
    }

    [Test]
    public async Task Rows_of_other_writers_with_the_empty_id_are_in_the_first_page_of_every_list()
    {
        var user = await FillAsync("ada");
        await EnqueueAsync();

        Assert.That(await AllAsync(PlatformUsers.ListAsync, row => row.Id), Does.Contain(Guid.Empty));
        Assert.That(
            await AllAsync((c, n, t) => PlatformProjects.ListByRepositoryAsync("ada/empty", c, n, t), row => row.Id),
            Does.Contain(Guid.Empty));
        Assert.That(
            await AllAsync((c, n, t) => Get<IDeploymentQueries>().ListProjectsAsync(user, c, n, t), row => row.Project.Id),
            Does.Contain(Guid.Empty));
        Assert.That(
            await AllAsync((c, n, t) => PlatformHealthChecks.ListUnhealthyAsync(1, c, n, t), row => row.DeploymentId),
            Does.Contain(Guid.Empty));
        Assert.That(await AllAsync(PlatformContainers.ListRunningAsync, row => row.Container.Id), Does.Contain(Guid.Empty));
        await ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE id = $1", Guid.Empty);
        Assert.That(await AllAsync(PlatformContainers.ListOrphansAsync, row => row.Id), Does.Contain(Guid.Empty));
    }

    [Test]
    public async Task Secrets_in_rows_with_the_empty_id_are_counted_searched_and_replaced()
    {
        await FillAsync("grace");
        await using var host = WithKeys(NewKey("k1"));
        var rotation = host.GetRequiredService<ISecretRotation>();

        var counted = await rotation.CountAsync(1, progress: null, Token);
        var results = await rotation.RunAsync(1, null, Token);
        await using var other = WithKeys(NewKey("k2"));
        var unreadable = new List<UnreadableSecret>();
        await foreach (var secret in other.GetRequiredService<ISecretRotation>().FindUnreadableAsync(1, progress: null, Token))
        {
            unreadable.Add(secret);
        }

        string[] columns =
        [
            "github_connections.github_access_token", "github_connections.github_refresh_token", "projects.env_vars",
            "deployments.env_vars", "sessions.token",
        ];
        Assert.That(counted.Select(count => (count.Column, count.Form, count.Values)),
            Is.EqualTo(columns.Select(column => (column, SecretForm.Clear, 1L))));
        Assert.That(results.Select(result => (result.Column, result.Rotated)), Is.EqualTo(columns.Select(column => (column, 1))));
        Assert.That(unreadable.Select(secret => (secret.Column, secret.RowId)), Is.EqualTo(columns[..4].Select(c => (c, Guid.Empty))));
    }

    [Test]
    public async Task A_closed_account_with_the_empty_id_and_its_rows_are_removed()
    {
        await FillAsync("linus");
        await ExecuteAsync("UPDATE users SET closed_at = '2020-01-01' WHERE id = $1", Guid.Empty);

        var counts = await Get<IRetentionService>().CountAsync(new RetentionPolicy(), Token);
        await Get<IRetentionService>().RunAsync(new RetentionPolicy(), null, Token);

        Assert.That(counts.Single(count => count.Table == "deployment_health_checks").Rows, Is.EqualTo(1));
        Assert.That(counts.Single(count => count.Table == "deployment_runtime_logs").Rows, Is.EqualTo(1));
        Assert.That(await ScalarAsync("SELECT count(*) FROM users WHERE id = $1", Guid.Empty), Is.EqualTo(0L));
    }

    // A row with the empty id in every table that is read in the order of its ids.
    private async Task<Guid> FillAsync(string name)
    {
        await ExecuteAsync("TRUNCATE users CASCADE");
        await ExecuteAsync("INSERT INTO users (id, name, email) VALUES ($1, $2, $2 || '@example.com')", Guid.Empty, name);
        await ExecuteAsync(
            "INSERT INTO projects (id, user_id, name, repository, env_vars) VALUES ($1, $1, 'empty', 'ada/empty', 'A=1')", Guid.Empty);
        await ExecuteAsync("""
            INSERT INTO deployments (id, project_id, user_id, status, branch, env_vars, created_at, started_at, completed_at)
            VALUES ($1, $1, $1, 'success', 'main', 'A=1', '2026-03-01', '2026-03-01', '2026-03-01')
            """, Guid.Empty);
        await ExecuteAsync(
            "INSERT INTO github_connections (id, user_id, github_access_token, github_refresh_token) VALUES ($1, $1, 'a', 'r')",
            Guid.Empty);
        await ExecuteAsync(
            "INSERT INTO sessions (id, user_id, token, expires_at) VALUES ($1, $1, gen_random_uuid()::text, '2030-01-01')", Guid.Empty);
        await ExecuteAsync("""
            INSERT INTO deployment_containers (id, deployment_id, container_id, image, host, port, status, created_at)
            VALUES ($1, $1, 'c', 'i', 'h', 1000, 'running', '2020-01-01')
            """, Guid.Empty);
        await ExecuteAsync("""
            INSERT INTO deployment_health_checks (deployment_id, url, is_live, checked_at)
            VALUES ($1, 'https://example.com', FALSE, '2020-01-02')
            """, Guid.Empty);
        await ExecuteAsync("""
            INSERT INTO deployment_runtime_logs (deployment_id, source, log_level, message, timestamp, seq)
            SELECT $1, 'docker', 'info', 'line', '2020-01-02', n FROM generate_series(1, 2) n
            """, Guid.Empty);
        return Guid.Empty;
    }

    // Pages of one row: no row is in two of them.
    private static async Task<IReadOnlyList<Guid>> AllAsync<T>(
        Func<Cursor, int, CancellationToken, Task<Page<T>>> list, Func<T, Guid> id)
    {
        var (found, cursor) = (new List<Guid>(), (Cursor?)Cursor.Start);
        while (cursor is { } place)
        {
            var page = await list(place, 1, Token);
            found.AddRange(page.Items.Select(id));
            cursor = page.Next;
        }

        Assert.That(found, Is.Unique);
        return found;
    }
}
