using System.Net;
using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.RowSecurity;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// The server keeps one plan for a statement that is sent often. Planning an enqueue for its values costs as much again as the enqueue, and
/// happens at each call when the planner expects less from values than from parameters: a parameter that switches a part of the statement
/// on is enough.
/// </summary>
public sealed class KeptPlans : DatabaseTests
{
    // The server plans for values five times before it compares.
    private const int Times = 12;

    // The best plan of these depends on a limit, a filter or the length of a list.
    private static readonly string[] PlannedForValues =
    [
        "dashboard", "search of a log", "of a status", "by message", "count by message", "stages of several", "roll back",
    ];

    // A line is awaited on a session of its own, beside that of the calls.
    private static readonly string[] Followed = ["follow", "found log"];

    private readonly SecretKey key = NewKey("k1");
    private Tenant me = null!;

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        await using var host = HostOf(Raw);
        me = await Tenant.CreateAsync(host, Token);
        await OwnerRows.FillAsync(Raw, me, deployments: 5_000, Token);

        // Of a long log, the planner expects fewer rows within a known limit than within an unknown one.
        await ExecuteAsync("""
            CREATE TEMP TABLE long AS SELECT d.id FROM deployments d WHERE d.status = 'success' ORDER BY d.created_at LIMIT 20;
            INSERT INTO deployment_logs (deployment_id, log_level, message, seq)
            SELECT d.id, CASE WHEN n % 50 = 0 THEN 'error' ELSE 'info' END, 'line ' || n, n FROM long d, generate_series(1, 20000) n;
            INSERT INTO deployment_runtime_logs (deployment_id, source, log_level, message, timestamp, seq)
            SELECT d.id, 'docker', 'info', 'line ' || n, timestamp '2026-03-20' + n * interval '1 s', n
            FROM long d, generate_series(1, 10000) n;
            INSERT INTO deployment_health_checks (deployment_id, url, http_status, latency_ms, is_live, checked_at)
            SELECT d.id, 'https://example.com', 200, n % 90, TRUE, timestamp '2026-03-20' + n * interval '1 minute'
            FROM long d, generate_series(1, 10000) n;
            DROP TABLE long;
            ANALYZE deployment_logs, deployment_runtime_logs, deployment_health_checks;
            """);
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task The_server_keeps_one_plan_for_each_statement()
    {
        await using var session = Pool(size: 1);
        await using var host = HostOf(session);

        string[] excluded = [.. PlannedForValues, .. Followed];
        foreach (var call in OwnerCalls.All.Where(call => !excluded.Contains(call.Name)).OrderBy(call => call.Writes))
        {
            for (var i = 0; i < Times; i++)
            {
                await RunAsync(call);
            }
        }

        var owner = await Tenant.CreateAsync(host, Token);
        for (var i = 0; i < Times; i++)
        {
            await SignInAsync(host, owner);
            await BuildAsync(host, owner, i);
        }

        var statements = await StatementsAsync(session);
        Assert.That(statements.Select(statement => statement.Text), Has.Some.Contains("INSERT INTO deployments AS d"));
        Assert.That(statements, Has.Count.GreaterThan(80));
        Assert.That(statements.Where(statement => !statement.IsKept).Select(statement => statement.Text), Is.Empty);

        // A repeated call meets what the first one has added, and has sent its statement by then.
        async Task RunAsync(OwnerCall call)
        {
            try
            {
                await call.RunAsync(host, me, me, Token);
            }
            catch (DuplicateException) when (call.Writes)
            {
            }
        }
    }

    // The other test removes the project.
    [Test]
    [Order(1)]
    [CancelAfter(60_000)]
    public async Task The_server_keeps_the_plans_of_a_follower()
    {
        await using var sessions = Pool(size: 2);
        await using var host = HostOf(sessions);

        foreach (var call in OwnerCalls.All.Where(call => Followed.Contains(call.Name)))
        {
            for (var i = 0; i < Times; i++)
            {
                Assert.That(await call.RunAsync(host, me, me, Token), Is.Not.Null);
            }
        }

        var statements = await StatementsAsync(sessions);
        Assert.That(statements.Select(statement => statement.Text), Has.Some.Contains("FROM deployment_logs l"));
        Assert.That(statements.Where(statement => !statement.IsKept).Select(statement => statement.Text), Is.Empty);
    }

    private NpgsqlDataSource Pool(int size) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Database.ConnectionString)
    {
        MaxPoolSize = size,
        MaxAutoPrepare = 900,
        AutoPrepareMinUsages = 1,
        NoResetOnClose = true,
    });

    private ServiceProvider HostOf(NpgsqlDataSource source) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(source, options => options.SecretKeys.Add(key))
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    private static async Task SignInAsync(ServiceProvider host, Tenant owner)
    {
        var sessions = host.GetRequiredService<ISessionRepository>();
        var issued = await sessions.AddAsync(new NewSession { UserId = owner.Id }, Token);
        await sessions.FindActiveAsync(issued.Token, Token);
        await host.GetRequiredService<IPlatformUserRepository>().FindByEmailAsync(owner.User.Email!, Token);
        await host.GetRequiredService<ISignInThrottle>().AcquireAsync(
            new SignInAttempt { Email = owner.User.Email!, Address = IPAddress.Loopback }, Token);
    }

    // Everything that a worker sends for a build, and a monitor for its container.
    private static async Task BuildAsync(ServiceProvider host, Tenant owner, int turn)
    {
        var lifecycle = host.GetRequiredService<IDeploymentLifecycle>();
        foreach (var branch in new[] { $"good-{turn}", $"bad-{turn}" })
        {
            var queued = await host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
                new NewDeployment { ProjectId = owner.ProjectId, UserId = owner.Id, Branch = branch }, Token);
            Assert.That(queued, Is.Not.Null);
        }

        foreach (var options in new[] { new ClaimOptions(), new ClaimOptions { MaxPerProject = 50 }, new ClaimOptions { MaxPerUser = 50 } })
        {
            var claimed = await lifecycle.ClaimNextAsync(options, Token);
            Assert.That(claimed, Is.Not.Null);
            await lifecycle.RenewAsync(claimed!.Claim, TimeSpan.FromMinutes(1), Token);
            await lifecycle.ReleaseAsync(claimed.Claim, Token);
        }

        var build = (await lifecycle.ClaimNextAsync(new ClaimOptions { Lease = TimeSpan.FromMinutes(1) }, Token))!;
        await lifecycle.RecordCommitAsync(build.Claim, new CommitInfo("0123456789012345678901234567890123456789", "a", "b"), Token);
        await lifecycle.AdvanceAsync(build.Claim, DeploymentStatus.Building, Token);
        await host.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(
            build.Deployment.Id, [new NewDeploymentLog { Message = "x" }], Token);
        var containers = host.GetRequiredService<IPlatformDeploymentContainerRepository>();
        var reserved = await containers.ReserveAsync(
            new NewDeploymentContainer { DeploymentId = build.Deployment.Id, Image = "i", Host = $"host-{turn}" }, Token);
        await containers.ConfirmAsync(reserved.Container!.Id, $"c-{turn}", Token);
        await containers.ReportRunningAsync(reserved.Container.Id, Token);
        await lifecycle.SucceedAsync(build.Claim, "https://site.example.com", Token);
        await lifecycle.FindStatusAsync(build.Deployment.Id, Token);
        var checks = host.GetRequiredService<IPlatformDeploymentHealthCheckRepository>();
        await checks.AddAsync(
            new NewDeploymentHealthCheck { DeploymentId = build.Deployment.Id, Url = "https://site.example.com", IsLive = true }, Token);
        await checks.CountConsecutiveFailuresAsync(build.Deployment.Id, Token);
        await containers.ReportStoppedAsync(reserved.Container.Id, Token);
        var failed = (await lifecycle.ClaimNextAsync(Token))!;
        await lifecycle.FailAsync(failed.Claim, "The test ends it.", Token);
    }

    private static async Task<IReadOnlyList<(string Text, bool IsKept)>> StatementsAsync(NpgsqlDataSource session)
    {
        await using var command = session.CreateCommand("""
            SELECT p.statement, p.custom_plans <= 5
            FROM pg_prepared_statements p
            WHERE p.custom_plans + p.generic_plans >= $1
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = (long)Times - 1 });
        await using var reader = await command.ExecuteReaderAsync(Token);
        var statements = new List<(string, bool)>();
        while (await reader.ReadAsync(Token))
        {
            statements.Add((reader.GetString(0), reader.GetBoolean(1)));
        }

        return statements;
    }
}
