using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.FaultTests.Invariants;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.FaultTests.Servers;
using AutoStack.Data.FaultTests.Sites;
using AutoStack.Data.FaultTests.Workload;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Npgsql;

namespace AutoStack.Data.FaultTests.Schedules;

/// <summary>A database, a network before it, two services with their callers, and a ledger of what the callers know.</summary>
internal sealed class Laboratory : IAsyncDisposable
{
    private const int LoggedDeployments = 36;
    private const int FollowedDeployments = 4;
    private static readonly TimeSpan EndWait = TimeSpan.FromMinutes(4);
    private static readonly TimeSpan ReleaseWait = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource callersEnd = new();
    private readonly CancellationTokenSource followersEnd = new();
    private readonly List<Caller> callers = [];
    private readonly List<Following> followers = [];
    private readonly List<FaultEvent> events = [];
    private readonly Service[] services;
    private Task[] running = [];
    private Task[] following = [];

    private Laboratory(Site site)
    {
        Site = site;
        services = [new Service(site, "one"), new Service(site, "two")];
    }

    public Site Site { get; }

    /// <summary>The server of a laboratory that has one.</summary>
    public FaultServer Server => ((ServerSite)Site).Server;

    /// <summary>The network of a laboratory on one server.</summary>
    public Proxy Proxy => ((ServerSite)Site).Proxy;

    /// <summary>The database of a laboratory on one server.</summary>
    public string Database => ((ServerSite)Site).Database;

    public Ledger Ledger { get; } = new();

    /// <summary>Users, through the first service.</summary>
    public IUserRepository Users => services[0].Get<IUserRepository>();

    /// <summary>Units of work of the first service.</summary>
    public IUnitOfWork UnitOfWork => services[0].Get<IUnitOfWork>();

    /// <summary>How many reads on the standby missed their write, having no token.</summary>
    public int StaleWithoutToken => callers.OfType<ReadingStandby>().Sum(caller => caller.StaleWithoutToken);

    /// <summary>Records that a user was added for a fault.</summary>
    public void Expect(Guid userId) =>
        Ledger.Expect(RowKind.User, userId, $"{userId:n}@example.com").Attempts.Add(Verdict.Acknowledged);

    /// <summary>Starts a laboratory in a new database of a server.</summary>
    public static async Task<Laboratory> StartAsync(FaultServer server, int seed, CancellationToken cancellationToken) =>
        await StartAsync(await ServerSite.CreateAsync(server, cancellationToken), seed, cancellationToken);

    /// <summary>Starts the callers; returns when each of them has been served.</summary>
    /// <param name="site">The way to the database; disposed with the laboratory.</param>
    /// <param name="seed">The seed of the callers.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<Laboratory> StartAsync(Site site, int seed, CancellationToken cancellationToken)
    {
        var lab = new Laboratory(site);
        try
        {
            await lab.AddCallersAsync(seed);
            lab.running = [.. lab.callers.Select(caller => Task.Run(() => caller.RunAsync(lab.callersEnd.Token), CancellationToken.None))];
            lab.following =
                [.. lab.followers.Select(follower => Task.Run(() => follower.RunAsync(lab.followersEnd.Token), CancellationToken.None))];
            await lab.UntilServedAsync(cancellationToken);
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes a fault and waits until every caller has been served again.</summary>
    public async Task MakeAsync(Fault fault, Random random, CancellationToken cancellationToken)
    {
        var began = Ledger.Now;
        await fault.MakeAsync(this, random, cancellationToken);
        var over = Ledger.Now;
        await UntilServedAsync(cancellationToken);
        events.Add(new FaultEvent(fault.Name, began, over, Ledger.Now));
    }

    /// <summary>Waits until every caller has begun and ended a call from now on.</summary>
    public async Task UntilServedAsync(CancellationToken cancellationToken)
    {
        var from = Ledger.Now;
        while (callers.Any(caller => Ledger.ServedAt(caller.Name) < from))
        {
            if (running.FirstOrDefault(task => task.IsFaulted) is { } failed)
            {
                await failed;
            }

            await Task.Delay(10, cancellationToken);
            if (Ledger.Now - from > EndWait)
            {
                var waiting = callers.Where(caller => Ledger.ServedAt(caller.Name) < from).Select(caller => caller.Name);
                throw new TimeoutException($"not served within {EndWait}: {string.Join(", ", waiting)}");
            }
        }
    }

    /// <summary>Lets the callers end, disposes the services, and compares the database with the ledger.</summary>
    public async Task<Report> EndAsync(CancellationToken cancellationToken)
    {
        await callersEnd.CancelAsync();
        await Task.WhenAll(running).WaitAsync(EndWait, cancellationToken);
        foreach (var service in services)
        {
            try
            {
                await service.Get<IDeploymentLogWriter>().FlushAsync(cancellationToken).WaitAsync(EndWait, cancellationToken);
            }
            catch (LogLinesRefusedException exception)
            {
                Ledger.Contradictions.Enqueue($"service {service.Name}: {exception.Message}");
            }
        }

        await using var connection = await Site.OpenAsync(cancellationToken);
        await UntilFollowedAsync(connection, cancellationToken);
        await followersEnd.CancelAsync();
        await Task.WhenAll(following).WaitAsync(EndWait, cancellationToken);

        var leftBehind = await LeftBehindCheck.RunAsync(services, Site, connection, ReleaseWait, cancellationToken);
        return new Report(
            Ledger, events, [.. leftBehind, .. await InvariantCheck.RunAsync(Ledger, connection, cancellationToken)]);
    }

    public async ValueTask DisposeAsync()
    {
        await callersEnd.CancelAsync();
        await followersEnd.CancelAsync();
        foreach (var service in services)
        {
            await service.DisposeAsync();
        }

        await Site.DisposeAsync();
        callersEnd.Dispose();
        followersEnd.Dispose();
    }

    private async Task AddCallersAsync(int seed)
    {
        var (one, two) = (services[0], services[1]);
        var (userId, projectId) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var user = new NewUser { Id = userId, Name = "Ada", Email = $"{userId:n}@example.com" };
        await one.Get<IUserRepository>().AddAsync(user, CancellationToken.None);
        Ledger.Expect(RowKind.User, userId, user.Email).Attempts.Add(Verdict.Acknowledged);
        var project = new NewProject { Id = projectId, UserId = userId, Name = "site", Repository = "ada/site" };
        await one.Get<IProjectRepository>().AddAsync(project, CancellationToken.None);
        Ledger.Expect(RowKind.Project, projectId, project.Name).Attempts.Add(Verdict.Acknowledged);

        var logged = new List<Guid>();
        for (var i = 0; i < LoggedDeployments; i++)
        {
            var id = Guid.CreateVersion7();
            var commit = new CommitInfo("abc", $"logged {id:n}");
            var deployment = new NewDeployment { Id = id, ProjectId = projectId, UserId = userId, Commit = commit };
            await one.Get<IDeploymentRepository>().EnqueueAsync(deployment, CancellationToken.None);
            Ledger.Expect(RowKind.Deployment, id, commit.Message!).Attempts.Add(Verdict.Acknowledged);
            logged.Add(id);
        }

        callers.AddRange(
        [
            new Registration("registration", one, Ledger, seed + 1),
            new SigningIn("sign-ins one", one, Ledger, seed + 2),
            new SigningIn("sign-ins two", two, Ledger, seed + 3),
            new Enqueuing("queue", two, Ledger, seed + 4, projectId, userId),
            new Worker("worker one", one, Ledger, seed + 5),
            new Worker("worker two", two, Ledger, seed + 6),
            new Logging("log one", one, Ledger, seed + 7, logged),
            new Logging("log two", two, Ledger, seed + 8, logged),
            new Workload.Monitoring("monitor", two, Ledger, seed + 9, logged),
            new Receiving("webhooks", one, Ledger, seed + 10),
            new Running("ports", two, Ledger, seed + 11, logged),
        ]);
        if (Site is ReplicatedSite)
        {
            callers.Add(new ReadingStandby("standby reads one", one, Ledger, seed + 12));
            callers.Add(new ReadingStandby("standby reads two", two, Ledger, seed + 13));
        }

        followers.AddRange(logged.Take(FollowedDeployments)
            .Select((id, i) => new Following($"follower {i + 1}", i % 2 == 0 ? one : two, Ledger, id, userId)));
    }

    private async Task UntilFollowedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var counts = (await Rows.ReadAsync(
            connection,
            "SELECT deployment_id, count(*) FROM deployment_logs GROUP BY deployment_id",
            row => (Id: row.GetGuid(0), Count: row.GetInt64(1)),
            cancellationToken)).ToDictionary(row => row.Id, row => row.Count);
        var until = Ledger.Now + EndWait;
        while (followers.Any(follower => follower.Seen < counts.GetValueOrDefault(follower.DeploymentId)) && Ledger.Now < until)
        {
            await Task.Delay(10, cancellationToken);
        }
    }
}

/// <summary>A fault that was made.</summary>
/// <param name="Name">The fault.</param>
/// <param name="Began">When it began.</param>
/// <param name="Over">When the server and the network were as before.</param>
/// <param name="Served">When every caller had been served again.</param>
internal sealed record FaultEvent(string Name, TimeSpan Began, TimeSpan Over, TimeSpan Served);
