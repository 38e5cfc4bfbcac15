using System.Diagnostics;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using AutoStack.Data.Projects;
using AutoStack.Data.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AutoStack.Data.Tests.Conventions;

/// <content>The code of the pages testing, environments, worker-shutdown and versions.</content>
internal static partial class ReadmeCode
{
    public static async Task<bool> TestingAsync(string connectionString)
    {
        await using var server = await PostgresServer.StartAsync();
        await using var database = await server.CreateDatabaseAsync();
        await using var services = database.CreateServices();

        var (user, project, deployment) = await services.Rows.AddFinishedDeploymentAsync(lines: ["npm ci", "done"]);
        _ = (project, deployment);

        var sessions = services.Get<ISessionRepository>();
        var issued = await sessions.AddAsync(new NewSession { UserId = user.Id, Lifetime = TimeSpan.FromHours(1) });
        services.Clock.Advance(TimeSpan.FromHours(1));
        var expired = await sessions.FindActiveAsync(issued.Token) is null;

        await SchemaAssert.AssertSchemaUpToDateAsync(connectionString);
        return expired;
    }

    public static async Task<int> FailedAsync(TestDatabase database)
    {
        await using var services = database.CreateServices(
            more => more.Configure<AutoStackDataOptions>(options => options.MaxPoolSize = 5));
        var failed = await services.Rows.AddFinishedDeploymentAsync(failure: "npm ci: exit code 1");
        var page = await services.Get<IDeploymentRepository>().ListRecentAsync(failed.User.Id, Cursor.Start, limit: 10);
        return page.Items.Count;
    }

    public static async Task<bool> EnvironmentAsync(
        IProjectEnvironmentRepository environments, Guid projectId, Guid ownerId, CancellationToken cancellationToken)
    {
        var outcome = await environments.ReplaceAsync(projectId, ownerId, "API_KEY=abc123\nREGION=eu", cancellationToken);
        return outcome == EnvironmentOutcome.Replaced; // NotFound: the owner has no such project
    }

    public static async Task<ProcessStartInfo> BuildEnvironmentAsync(
        IPlatformDeploymentEnvironmentRepository environments, ILogSecrets secrets, DeploymentJob job, string command, string checkout,
        CancellationToken token)
    {
        var text = await environments.FindAsync(job.Deployment.Id, token);
        var variables = new Dictionary<string, string>();
        foreach (var pair in (text?.Reveal() ?? "").Split('\n').Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2))
        {
            variables[pair[0].Trim()] = pair[1]; // of two lines with one name the last one counts
        }

        using var masked = secrets.Add(job.Deployment.Id, [.. variables.Values.Select(Secret.From)]);

        var start = new ProcessStartInfo("sh", ["-c", command]) { WorkingDirectory = checkout, RedirectStandardOutput = true };
        start.Environment.Clear(); // the worker's own variables stay with the worker
        start.Environment["PATH"] = "/usr/local/bin:/usr/bin:/bin";
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return start;
    }

    public static void Shutdown(IServiceCollection services, Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build)
    {
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromMinutes(11));
        services.AddDeploymentWorker(
            options =>
            {
                options.DrainTime = TimeSpan.FromMinutes(10); // builds usually take less
                options.StopTimeout = TimeSpan.FromSeconds(10);
            },
            build);
    }

    public static async Task FirstLineAsync(DeploymentJob job, DeploymentJobLog log, CancellationToken token)
    {
        await log.WriteAsync($"The build starts, attempt {job.Attempt}.", token);
    }

    public static async Task MigrateAtStartAsync(string connectionString, CancellationToken cancellationToken)
    {
        var migrator = new SchemaMigrator(connectionString); // a role that owns the tables
        await migrator.UpgradeAsync(cancellationToken: cancellationToken);
    }
}
