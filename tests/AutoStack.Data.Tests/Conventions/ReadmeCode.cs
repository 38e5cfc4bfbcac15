using System.Net;
using System.Reflection;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Analytics;
using AutoStack.Data.Archives;
using AutoStack.Data.Audit;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Exports;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Integrity;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Projects;
using AutoStack.Data.Retention;
using AutoStack.Data.Webhooks;
using Dapper;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>The code of the README and of the pages in docs, compiled.</summary>
internal static partial class ReadmeCode
{
    public static async Task RecentAsync(IDeploymentRepository deployments, Guid userId, CancellationToken cancellationToken)
    {
        var page = await deployments.ListRecentAsync(userId, Cursor.Start, 10, cancellationToken);
        foreach (var (deployment, project) in page.Items)
        {
            Console.WriteLine($"{project.Name} {deployment.Branch}: {deployment.Status}");
        }
    }

    public static async Task OwnStatementsAsync(IUnitOfWork unitOfWork, NewProject newProject, CancellationToken cancellationToken)
    {
        await unitOfWork.RunAsync(async (tx, token) =>
        {
            var project = await tx.Get<IProjectRepository>().AddAsync(newProject, token);
            await tx.Get<IOwnStatements>().RunAsync((connection, ct) => connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO invoices (project_id, amount) VALUES (@ProjectId, @Amount)",
                new { ProjectId = project.Id, Amount = 5 },
                cancellationToken: ct)), token);
        }, cancellationToken);
    }

    public static void RowSecurity(IServiceCollection services, IConfiguration configuration, string connectionString)
    {
        services.AddAutoStackData(options =>
        {
            options.ConnectionString = connectionString;
            options.TenantRole = "autostack_tenant";
        });

        services.Configure<AutoStackDataOptions>(options =>
        {
            options.TenantRole = "autostack_tenant";
            options.IdentityKey = configuration["IdentityKey"];
        });
    }

    public static ProjectPatch Patch()
    {
        var patch = new ProjectPatch
        {
            Name = "Site",
            AutoDeployBranch = null, // pushes to Branch count again
        };                           // the build command stays as it is

        return patch;
    }

    public static string Status(Deployment deployment)
    {
        if (deployment.Status == DeploymentStatus.Success)
        {
            return "live";
        }

        return deployment.Status.IsKnown ? deployment.Status.Value : $"unknown status {deployment.Status}";
    }

    public static async Task PagesAsync(
        IDeploymentRepository deployments, Guid ownerId, Func<IReadOnlyList<DeploymentWithProject>, Task> ShowAsync,
        CancellationToken cancellationToken)
    {
        for (Cursor? next = Cursor.Start; next is { } cursor;)
        {
            var page = await deployments.ListRecentAsync(ownerId, cursor, limit: 50, cancellationToken);
            await ShowAsync(page.Items);
            next = page.Next;
        }
    }

    public static void Configuration(IServiceCollection services, IConfiguration configuration)
    {
        services.AddAutoStackData(configuration.GetSection("AutoStackData"));
    }

    public static void EncryptionKeys(IServiceCollection services, string connectionString, string encryptionKey)
    {
        services.AddAutoStackData(options =>
        {
            options.ConnectionString = connectionString;
            options.SecretKeys.Add(new SecretKey { Id = "2026-11", Secret = encryptionKey });
        });
    }

    public static void DataSource(IServiceCollection services)
    {
        services.AddAutoStackData(
            provider => provider.GetRequiredService<NpgsqlDataSource>(),
            options => options.LogSearchTime = TimeSpan.FromSeconds(1));
    }

    public static void Telemetry(IServiceCollection services) =>
        services.AddOpenTelemetry()
            .WithTracing(tracing => tracing.AddAutoStackData())
            .WithMetrics(metrics => metrics.AddAutoStackData());

    public static void DriverTelemetry(IServiceCollection services, MeterProviderBuilder metrics)
    {
        metrics.AddAutoStackData().AddMeter("Npgsql").AddView(instrument =>
            instrument is { Meter.Name: "Npgsql", Name: "db.client.operation.duration" } ? MetricStreamConfiguration.Drop : null);
        services.Configure<AutoStackDataOptions>(options => options.DriverLogLevel = LogLevel.Information);
    }

    public static void Health(IServiceCollection services)
    {
        services.AddHealthChecks().AddAutoStackData();
    }

    public static async Task<long> DashboardAsync(IStandbyReads standby, Guid ownerId, CancellationToken cancellationToken)
    {
        var summary = await standby.Get<IDashboardQueries>().SummarizeAsync(ownerId, cancellationToken);
        return summary.Total.Deployments;
    }

    public static async Task<Deployment?> TokenAsync(
        IUnitOfWork unitOfWork, IStandbyReads standby, NewDeployment newDeployment, Guid ownerId, CancellationToken cancellationToken)
    {
        var (deployment, token) = await unitOfWork.RunForTokenAsync(
            (tx, ct) => tx.Get<IDeploymentRepository>().EnqueueAsync(newDeployment, ct), cancellationToken);
        var header = token.ToString();

        // The next request, perhaps in another process. No header, no wait.
        _ = ReadToken.TryParse(header, out var read);
        return await standby.AtLeast(read).Get<IDeploymentRepository>().FindAsync(deployment!.Id, ownerId, cancellationToken);
    }

    public static async Task MonitorAsync(IDatabaseMonitor monitor, CancellationToken cancellationToken)
    {
        DatabaseStats? before = null;
        await foreach (var look in monitor.WatchAsync(TimeSpan.FromSeconds(30), StatsParts.Queue | StatsParts.Totals, cancellationToken))
        {
            var deadlocks = before is null ? null : look.Since(before).Totals?.Deadlocks;
            Console.WriteLine($"{look.Queue?.Waiting} waiting, {deadlocks} deadlocks");
            before = look;
        }
    }

    public static void HostedWorker(IServiceCollection services, Func<Deployment, IAsyncEnumerable<string>> build)
    {
        services.AddDeploymentWorker(
            options => (options.Concurrency, options.MaxPerUser) = (4, 2),
            async (job, log, token) =>
            {
                await job.EnterAsync(DeploymentStatus.Building, token); // throws when the owner has cancelled the deployment
                await foreach (var line in build(job.Deployment).WithCancellation(token))
                {
                    await log.WriteAsync(line, token);
                }

                return $"https://{job.Project.Name}.example.com/";
            });
    }

    public static async Task WorkerAsync(
        IDeploymentLifecycle lifecycle, IDeploymentLogWriter logs, Func<Deployment, IAsyncEnumerable<string>> build,
        CancellationToken cancellationToken)
    {
        var options = new ClaimOptions { Worker = "builder-1", Lease = TimeSpan.FromMinutes(1) };
        while (await lifecycle.ClaimNextAsync(options, cancellationToken) is { } job)
        {
            var step = await lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, cancellationToken);
            if (!step.MayContinue())
            {
                continue; // its owner cancelled it, or the lease is lost: the deployment is no longer this worker's
            }

            await foreach (var line in build(job.Deployment).WithCancellation(cancellationToken))
            {
                await logs.WriteAsync(job.Deployment.Id, new NewDeploymentLog { Message = line }, cancellationToken);
                var renewed = await lifecycle.RenewAsync(job.Claim, TimeSpan.FromMinutes(1), cancellationToken); // better by a timer
                if (!renewed.MayContinue())
                {
                    break; // no further step of this worker changes anything
                }
            }

            await logs.FlushAsync(job.Deployment.Id, cancellationToken); // a reader who sees the end also finds the last line
            _ = await lifecycle.SucceedAsync(job.Claim, $"https://{job.Project.Name}.example.com/", cancellationToken);
        }
    }

    public static async Task WatchAsync(
        IDeploymentQueueWatcher queue, IDeploymentLifecycle lifecycle, Func<ClaimedDeployment, CancellationToken, Task> run,
        CancellationToken cancellationToken)
    {
        await foreach (var _ in queue.WatchAsync(TimeSpan.FromSeconds(10), cancellationToken))
        {
            while (await lifecycle.ClaimNextAsync(cancellationToken) is { } job)
            {
                await run(job, cancellationToken);
            }
        }
    }

    public static async Task SearchAsync(IDeploymentLogSearch search, Guid userId, Project project, CancellationToken cancellationToken)
    {
        var scope = new LogSearchScope { ProjectId = project.Id };
        for (Cursor? next = Cursor.Start; next is { } cursor;)
        {
            var found = await search.SearchAsync(userId, "error TS2304", scope, cursor, 50, cancellationToken);
            foreach (var (line, snippet) in found.Items)
            {
                Console.WriteLine($"{line.DeploymentId} {line.Seq} {snippet.Text}");
            }

            Console.WriteLine($"searched back to {found.BackTo:u}");
            next = found.Next;
        }
    }

    public static async Task FollowAsync(IDeploymentLogFollower follower, Deployment deployment, CancellationToken cancellationToken)
    {
        await foreach (var line in follower.FollowAsync(deployment.Id, deployment.UserId, Cursor.Start, cancellationToken))
        {
            Console.WriteLine($"{line.Seq} {line.Message}");
        }
    }

    public static async Task PushAsync(IDeploymentRepository deployments, Project project, CancellationToken cancellationToken)
    {
        await deployments.EnqueueAsync(
            new NewDeployment
            {
                ProjectId = project.Id,
                UserId = project.UserId,
                Branch = "main",
                IsProduction = true,
                Supersedes = Superseding.Waiting,
            },
            cancellationToken);
    }

    public static async Task PauseAsync(
        IQueuePauseRepository queue, Project project, Deployment deployment, CancellationToken cancellationToken)
    {
        _ = await queue.PauseAsync(project.Id, "Ada", "the registry is down", cancellationToken); // null for the whole queue
        var (counts, place) = (await queue.CountAsync(cancellationToken), await queue.FindPositionAsync(deployment.Id, cancellationToken));
        Console.WriteLine($"{counts.Waiting} wait, {counts.Paused} paused, {counts.Scheduled} scheduled; before this one {place?.Ahead}");
        await queue.ResumeAsync(project.Id, cancellationToken);
    }

    public static async Task<Guid?> RollBackAsync(
        IDeploymentRepository deployments, Project project, CancellationToken cancellationToken)
    {
        var rolledBack = await deployments.RollbackAsync(project.Id, project.UserId, rollback: null, cancellationToken);
        return rolledBack?.Id;
    }

    public static void MaskSecrets(ILogSecrets secrets, Deployment deployment, IReadOnlyCollection<Secret> values)
    {
        using var masked = secrets.Add(deployment.Id, values);
    }

    public static async Task ContainerAsync(
        IPlatformDeploymentContainerRepository containers,
        Deployment deployment,
        Func<int, Task<string>> run,
        Func<string, Task> stop,
        CancellationToken cancellationToken)
    {
        var request = new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1" };
        var reservation = await containers.ReserveAsync(request, cancellationToken);
        if (reservation.Container is not { } container)
        {
            return; // every port is taken, or the deployment was cancelled: start no container
        }

        var containerId = await run(container.Port);
        var confirmed = await containers.ConfirmAsync(container.Id, containerId, cancellationToken);
        if (!confirmed.MayContinue())
        {
            await stop(containerId); // a sweeper has released the port
            return;
        }

        _ = await containers.ReportRunningAsync(container.Id, cancellationToken);
    }

    public static async Task SweepAsync(
        IDeploymentMaintenance maintenance, IPlatformDeploymentContainerRepository containers, Func<DeploymentContainer, Task> stop,
        CancellationToken cancellationToken)
    {
        await maintenance.RequeueExpiredAsync(maxAttempts: 3, limit: 100, cancellationToken);
        await maintenance.FailStalledAsync(TimeSpan.FromMinutes(30), "The worker does not answer.", 100, cancellationToken);
        for (Cursor? next = Cursor.Start; next is { } cursor;)
        {
            var page = await containers.ListOrphansAsync(cursor, 100, cancellationToken);
            foreach (var orphan in page.Items)
            {
                await stop(orphan);
                _ = await containers.ReportStoppedAsync(orphan.Id, cancellationToken);
            }

            next = page.Next;
        }
    }

    public static async Task MonitorAsync(
        IPlatformDeploymentHealthCheckRepository healthChecks,
        IDeploymentMaintenance maintenance,
        IReadOnlyCollection<NewDeploymentHealthCheck> results,
        CancellationToken cancellationToken)
    {
        await healthChecks.AddManyAsync(results, cancellationToken);
        var page = await healthChecks.ListUnhealthyAsync(3, Cursor.Start, 100, cancellationToken);
        foreach (var unhealthy in page.Items)
        {
            await maintenance.ReportUnhealthyAsync(unhealthy.DeploymentId, "Three health checks failed in a row.", cancellationToken);
        }
    }

    public static void HostedRetention(IServiceCollection services, string connectionString)
    {
        services.AddAutoStackData(connectionString);
        services.AddRetention(
            new RetentionPolicy { DeploymentLogs = TimeSpan.FromDays(30), HealthChecks = null },
            UpkeepSchedule.Daily(new TimeOnly(2, 30)));
    }

    public static void HostedPartitions(IServiceCollection services, string connectionString)
    {
        services.AddAutoStackData(connectionString);
        services.AddPartitionMaintenance();
    }

    public static void ArchivedRetention(IServiceCollection services, string connectionString)
    {
        services.AddAutoStackData(options =>
        {
            options.ConnectionString = connectionString;
            options.ArchiveStore = new FolderArchiveStore("/srv/archive");
        });
        services.AddRetention(new RetentionPolicy(), UpkeepSchedule.Daily(new TimeOnly(2, 30)));
    }

    public static void Audit(IServiceCollection services, string connectionString)
    {
        services.AddAutoStackData(connectionString);
        services.AddAuditMaintenance();
    }

    public static void Actor(IServiceCollection services, string connectionString)
    {
        services.AddAutoStackData(options =>
        {
            options.ConnectionString = connectionString;
            options.Actor = () => null;
        });
    }

    public static async Task AuditAsync(IAuditLog auditLog, Guid projectId, CancellationToken cancellationToken)
    {
        var page = await auditLog.ListAsync(
            new AuditFilter { Table = "projects", RowId = projectId }, Cursor.Start, limit: 100, cancellationToken);
        foreach (var entry in page.Items)
        {
            Console.WriteLine($"{entry.At:u} {entry.Actor} {entry.Action} {entry.Rows}");
        }
    }

    public static async Task RetentionAsync(IRetentionService retention, CancellationToken cancellationToken)
    {
        var policy = new RetentionPolicy { DeploymentLogs = TimeSpan.FromDays(30), HealthChecks = null };
        foreach (var count in await retention.CountAsync(policy, cancellationToken))
        {
            Console.WriteLine($"{count.Table}: {count.Rows} rows to remove");
        }

        foreach (var result in await retention.RunAsync(policy, null, cancellationToken))
        {
            Console.WriteLine($"{result.Table}: {result.Rows} rows in {result.Batches} batches, {result.Failure?.Message ?? "no error"}");
        }
    }

    public static async Task VerificationAsync(
        IDatabaseVerifier verifier, IProgress<VerificationProgress> progress, CancellationToken cancellationToken)
    {
        var result = await verifier.VerifyAsync(new VerificationOptions { Sample = 0.01 }, progress, cancellationToken);
        foreach (var finding in result.Findings)
        {
            Console.WriteLine($"{finding.Severity} {finding.Rule}: {finding.Problem}");
        }
    }

    public static async Task<Deployment?> UnitAsync(IUnitOfWork unitOfWork, NewProject newProject, CancellationToken cancellationToken)
    {
        var first = await unitOfWork.RunAsync(async (tx, ct) =>
        {
            var project = await tx.Get<IProjectRepository>().AddAsync(newProject, ct);
            var deployment = new NewDeployment { ProjectId = project.Id, UserId = project.UserId };
            return await tx.Get<IDeploymentRepository>().EnqueueAsync(deployment, ct);
        }, cancellationToken);
        return first;
    }

    public static async Task PushAsync(
        IPushes pushes, JsonElement body, Dictionary<string, string> requestHeaders, Action<PushTarget> verifyLater,
        CancellationToken cancellationToken)
    {
        var delivery = new NewWebhookPayload
        {
            Provider = WebhookProvider.GitHub,
            PayloadJson = body,
            Headers = JsonSerializer.SerializeToElement(requestHeaders),
        };
        var result = await pushes.HandleAsync(delivery, PushOptions.Default, cancellationToken);
        foreach (var target in result.Unproven)
        {
            verifyLater(target);
        }
    }

    public static async Task ProveAsync(
        IPlatformProjectRepository projects, Project project, string idAtGitHub, CancellationToken cancellationToken)
    {
        var access = new RepositoryAccess { Provider = WebhookProvider.GitHub, Host = "github.com", RepositoryId = idAtGitHub };
        if (await projects.RecordAccessAsync(project.Id, project.Repository, access, cancellationToken) != AccessOutcome.Recorded)
        {
            Console.WriteLine($"{project.Name} names another repository by now: verify again");
        }
    }

    public static async Task PurgeAsync(IWebhookPayloadRepository webhooks, TimeProvider clock, CancellationToken cancellationToken)
    {
        while (await webhooks.PurgeAsync(clock.GetUtcNow() - TimeSpan.FromDays(90), 1000, cancellationToken) == 1000)
        {
        }
    }

    public static async Task AnalyticsAsync(
        IDashboardQueries dashboard, IDeploymentTrendQueries trends, Guid userId, CancellationToken cancellationToken)
    {
        var stats = await dashboard.SummarizeAsync(userId, cancellationToken);
        Console.WriteLine($"{stats.Today.Deployments} today, {stats.Total.SuccessRate:P0} succeed");
        Console.WriteLine($"{stats.Week.DeploymentsChange:+0%;-0%;0%} this week");

        var year = new TimeRange(DateTimeOffset.UtcNow.AddDays(-365), DateTimeOffset.UtcNow);
        foreach (var week in await trends.ListDurationsPerWeekAsync(userId, projectId: null, year, cancellationToken))
        {
            Console.WriteLine($"{week.Start:yyyy-MM-dd} {week.Durations.Builds} builds, median {week.Durations.MedianSeconds} s");
        }
    }

    public static async Task BillAsync(IUsageQueries usage, Guid userId, CancellationToken cancellationToken)
    {
        var march = new TimeRange(
            new DateTimeOffset(2026, 3, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero));
        Cursor? next = Cursor.Start;
        while (next is { } cursor)
        {
            var page = await usage.ListProjectUsageAsync(userId, march, cursor, limit: 100, cancellationToken);
            foreach (var project in page.Items)
            {
                Console.WriteLine($"{project.ProjectName}: {project.Deployments} deployments, {project.BuildSeconds} s");
            }

            next = page.Next;
        }
    }

    public static void TwoDatabases(IServiceCollection services)
    {
        services.AddKeyedAutoStackData("eu", "Host=eu.db;Database=autostack;Username=app");
        services.AddKeyedAutoStackData("us", "Host=us.db;Database=autostack;Username=app");
    }

    public static void Actors(IServiceCollection services, string connectionString) =>
        services.AddAutoStackData(options =>
        {
            options.ConnectionString = connectionString;
            options.Actor = () => Thread.CurrentPrincipal?.Identity?.Name;
        });

    public static void BehindAPooler(IServiceCollection services)
    {
        services.AddAutoStackData(options =>
        {
            options.ConnectionString = "Host=pgbouncer;Port=6432;Database=autostack;Username=app";
            options.Pooler = PoolerMode.Transaction;
            options.ListenConnectionString = "Host=db;Database=autostack;Username=app";
        });
    }

    public static void Settings(IServiceCollection services)
    {
        services.AddAutoStackData(options =>
        {
            options.ConnectionString = "Host=db;Database=autostack;Username=app";
            options.MaxPoolSize = 30;
            options.LogWriter.FlushInterval = TimeSpan.FromMilliseconds(200);
        });
        services.AddAutoStackDataWorkers();
    }

    public static async Task<string> CatchAsync(IUserRepository users, NewUser newUser, CancellationToken cancellationToken)
    {
        try
        {
            await users.AddAsync(newUser, cancellationToken);
            return "added";
        }
        catch (DuplicateException exception) when (exception.Constraint == "users_email_key")
        {
            return "this e-mail address is taken";
        }
        catch (ConflictException)
        {
            return "try again later";
        }
    }

    public static async Task<string> RegisterAsync(
        IIdentityRepository identities, IPasswordHasher passwords, Func<string, string, Task> mail,
        string name, string email, string password,
        CancellationToken cancellationToken)
    {
        var account = new NewAccount { Name = name, Email = email, Password = await passwords.HashAsync(password, cancellationToken) };
        var registration = await identities.RegisterAsync(account, cancellationToken);
        await mail(email, registration.Outcome == RegistrationOutcome.Created ? "welcome" : "this address has an account already");
        return "check your mail"; // in both cases: the answer does not reveal who has an account
    }

    public static async Task<string> SignInAsync(
        ISignInThrottle throttle, IIdentityRepository identities, IPasswordHasher passwords, ISessionRepository sessions,
        string email, string password, IPAddress address, ClientKey? client, CancellationToken cancellationToken)
    {
        var attempt = new SignInAttempt { Id = Guid.NewGuid(), Email = email, Address = address, Client = client };
        if (await throttle.AcquireAsync(attempt, cancellationToken) is { Outcome: SignInAttemptOutcome.LockedOut, LockedUntil: var until })
        {
            return $"too many attempts; try again at {until:HH:mm}"; // 429
        }

        var (user, stored) = await identities.FindUserWithCredentialsAsync(email, cancellationToken);
        var check = await passwords.VerifyAsync(password, stored, cancellationToken); // PasswordHasherBusyException: 503
        if (user is null || stored is null || check == VerificationOutcome.Failed)
        {
            return "wrong address or password";
        }

        var session = new NewSession { UserId = user.Id, Client = client };
        if (await sessions.AddVerifiedAsync(session, stored, cancellationToken) is not { Issued: { } issued })
        {
            return "the password was just changed";
        }

        await throttle.RecordSuccessAsync(attempt, cancellationToken);
        if (check == VerificationOutcome.SucceededRehashNeeded)
        {
            var renewed = await passwords.HashAsync(password, cancellationToken);
            await identities.RehashAsync(user.Id, stored, renewed, cancellationToken);
        }

        return issued.Token.Reveal();
    }

    public static async Task<string> RotateAsync(
        ISessionRepository sessions, SessionToken presented, ClientKey? client, CancellationToken cancellationToken)
    {
        var request = new RotationRequest { Presented = presented, Client = client };
        var rotation = await sessions.RotateAsync(request, cancellationToken); // the same request again, when the outcome is unknown
        return rotation.Outcome switch
        {
            RotationOutcome.Rotated => rotation.Token!.Reveal(),
            RotationOutcome.RotatedByAnother => "keep the token of the other answer",
            _ => "sign in again",
        };
    }

    public static async Task<Guid?> ResetAsync(
        IIdentityRepository identities, IPasswordResetTokenRepository resets, IPasswordHasher passwords, Func<string, string, Task> mail,
        Func<LinkedAccounts, AccountLinks> ask, string email, ResetToken token2, string password, CancellationToken cancellationToken)
    {
        if (await identities.FindCredentialsAsync(email, cancellationToken) is { } owner)
        {
            var issue = await resets.IssueAsync(owner.UserId, PasswordResetToken.DefaultLifetime, cancellationToken);
            if (issue.Token is { } token)
            {
                await mail(owner.Email, token.Reveal()); // to the stored address, never to the one that was typed
            }
        }

        // Answer alike in every case. Later, with the token of the mail, the owner chooses the links to keep.
        var linked = await resets.FindLinksAsync(token2, cancellationToken);
        var keep = linked is null ? AccountLinks.None : ask(linked);
        var userId = await resets.ConsumeAsync(token2, await passwords.HashAsync(password, cancellationToken), keep, cancellationToken);
        return userId;
    }

    public static async Task<string> ChangePasswordAsync(
        IIdentityRepository identities, IPasswordHasher passwords, UserCredentials credentials, Session session,
        string current, string chosen, CancellationToken cancellationToken)
    {
        var check = await passwords.VerifyAsync(current, credentials.Password, cancellationToken);
        if (credentials.Password is not { } stored || check == VerificationOutcome.Failed)
        {
            return "wrong password";
        }

        var change = new PasswordChange
        {
            Verified = stored,
            Password = await passwords.HashAsync(chosen, cancellationToken),
            ExceptSessionId = session.Id,
        };
        return await identities.ChangePasswordAsync(credentials.UserId, change, cancellationToken) == PasswordChangeOutcome.Changed
            ? "changed, and signed out elsewhere" : "the password was just changed";
    }

    public static async Task<EmailRedeemOutcome> ChangeEmailAsync(
        IEmailVerificationTokenRepository emails, Func<string, string, Task> mail, Session session, string newEmail, EmailToken token2,
        CancellationToken cancellationToken)
    {
        var change = new EmailChange { Email = newEmail, SignedInAt = session.SignedInAt ?? default };
        var issue = await emails.IssueChangeAsync(session.UserId, change, cancellationToken);
        if (issue is { Token: { } token, Verification: { } asked })
        {
            await mail(asked.Email, token.Reveal());
            await mail(asked.PreviousEmail, $"your account is to get the address {asked.Email}; change your password if that was not you");
        }

        // Later, with the token of the mail, in a session of the user.
        var redeemed = await emails.RedeemAsync(session.UserId, token2, exceptSessionId: session.Id, cancellationToken);
        if (redeemed is { Outcome: EmailRedeemOutcome.Redeemed, Verification: { } done } && done.Email != done.PreviousEmail)
        {
            await mail(done.PreviousEmail, $"your account has the address {done.Email} now");
        }

        return redeemed.Outcome;
    }

    public static async Task<string> ExportAsync(
        IAccountExport export, Guid userId, string path, CancellationToken cancellationToken)
    {
        await using var file = File.Create(path);
        var lines = await export.WriteAsync(userId, file, cancellationToken);
        return lines is null ? "there is no such account" : $"{lines} lines";
    }

    public static async Task<string> RemoveAccountAsync(IUserRepository users, Session session, CancellationToken cancellationToken)
    {
        var removed = await users.RemoveAsync(session.UserId, cancellationToken);
        return removed ? "removed, and signed out everywhere" : "the account does not exist any more";
    }

    public static async Task<string> ProviderAsync(
        IIdentityRepository identities, ISessionRepository sessions, ProviderIdentity identity, ClientKey? client,
        CancellationToken cancellationToken)
    {
        var signIn = await identities.SignInWithProviderAsync(identity, cancellationToken);
        return signIn.Outcome switch
        {
            ProviderSignInOutcome.SignedIn or ProviderSignInOutcome.TookOver => (await sessions.AddAsync(
                new NewSession { UserId = signIn.User!.Id, Client = client }, cancellationToken)).Token.Reveal(),
            _ => "sign in as before, and link",
        };
    }

    public static async Task<string> LinkAsync(
        IIdentityRepository identities, User user, Session session, string gitHubId, CancellationToken cancellationToken)
    {
        var link = new ProviderLink
        {
            Provider = IdentityProvider.GitHub,
            ProviderId = gitHubId,
            SignedInAt = session.SignedInAt ?? default,
        };
        var outcome = await identities.LinkAsync(user.Id, link, cancellationToken);
        return outcome == LinkOutcome.SignInTooOld ? "sign in again to link" : $"{outcome}";
    }

    public static async Task ConnectAsync(
        IGitHubConnectionRepository connections, Session session, GitHubAnswer answer, CancellationToken cancellationToken)
    {
        var tokens = new GitHubTokens
        {
            AccessToken = Secret.From(answer.AccessToken),
            RefreshToken = answer.RefreshToken,
            ExpiresAt = answer.ExpiresIn is { } seconds ? DateTimeOffset.UtcNow.AddSeconds(seconds) : null,
            Scope = GitHubScopes.Parse(answer.Scope),
        };
        await connections.ConnectAsync(session.UserId, tokens, cancellationToken);
    }

    public static async Task<GitHubTokens?> FindFreshTokensAsync(
        IGitHubConnectionRepository connections, Guid userId, Func<GitHubTokens, CancellationToken, Task<GitHubTokens>> refreshAtGitHub,
        CancellationToken cancellationToken)
    {
        var connection = await connections.FindAsync(userId, cancellationToken);
        var tokens = await connections.FindTokensAsync(userId, cancellationToken);
        if (connection is null || tokens?.RefreshToken is null || !(tokens.ExpiresAt < DateTimeOffset.UtcNow.AddMinutes(5)))
        {
            return tokens;
        }

        var renewed = await refreshAtGitHub(tokens, cancellationToken);
        var result = await connections.RefreshAsync(connection, renewed, cancellationToken);
        return result.Outcome == UpdateOutcome.Updated ? renewed : await connections.FindTokensAsync(userId, cancellationToken);
    }

    public static async Task<IReadOnlyList<SetVersions>> MigrateAsync(string connectionString, CancellationToken cancellationToken)
    {
        var migrator = new SchemaMigrator(connectionString, new SchemaMigratorOptions
        {
            ScriptSets = [ScriptSet.FromAssembly("billing", Assembly.GetExecutingAssembly(), "Shop.Database.")],
        });
        var run = await migrator.UpgradeAsync(cancellationToken: cancellationToken); // every set
        await migrator.DowngradeAsync(MigrationTarget.Version(1).In("billing"), cancellationToken: cancellationToken); // one set
        return run.Sets;
    }

    public sealed record GitHubAnswer(string AccessToken, string? RefreshToken, int? ExpiresIn, string? Scope);
}
