using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>Two that want the same lease at the same moment; and the clock that decides.</summary>
public sealed class LeaseRaceTests : DatabaseTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    // The first attempt of a claim may still run on the server when the second one comes.
    [Test]
    public async Task A_repeated_claim_waits_for_its_first_attempt_and_returns_its_deployment()
    {
        var (key, first, second) = (Guid.NewGuid(), await EnqueueAsync(), await EnqueueAsync());
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await RunAsync(connection, "UPDATE deployments SET status = 'cloning', started_at = created_at WHERE id = $1", first.Id);
        await RunAsync(
            connection,
            """
            INSERT INTO deployment_leases (deployment_id, worker, claim_key, attempt, claimed_at, renewed_at)
            VALUES ($1, 'w', $2, 1, now(), now())
            """, first.Id, key);
        var repeated = Lifecycle.ClaimNextAsync(new ClaimOptions { Key = key }, Token);
        await UntilSomeoneWaitsAsync();
        await transaction.CommitAsync(Token);

        Assert.That((await repeated)!.Deployment.Id, Is.EqualTo(first.Id));
        Assert.That(await Lifecycle.FindStatusAsync(second.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
        await EndAsync(first, second);
    }

    [TestCase(null)]
    [TestCase(1)]
    public async Task A_claim_without_a_key_whose_answer_is_lost_returns_the_deployment_that_it_took(int? limit)
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var host = NewHost(options => options.ConnectionString = proxy.ConnectionString);
        var (first, second) = (await EnqueueAsync(), await EnqueueAsync());
        var lifecycle = host.GetRequiredService<IDeploymentLifecycle>();
        proxy.CutAnswer(1);

        var claimed = await lifecycle.ClaimNextAsync(new ClaimOptions { MaxPerProject = limit }, Token);

        Assert.That((proxy.Cuts, claimed!.Deployment.Id, claimed.Attempt), Is.EqualTo((1, first.Id, 1)));
        Assert.That(await Lifecycle.FindStatusAsync(second.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
        await EndAsync(first, second);
    }

    [TestCase(null)]
    [TestCase(1)]
    public async Task A_claim_whose_session_is_ended_before_it_takes_a_deployment_is_sent_anew(int? limit)
    {
        await using var host = NewHost(options => options.ConnectionString += ";Application Name=claimer");
        var waiting = await EnqueueAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await RunAsync(connection, "LOCK TABLE deployment_leases IN ACCESS EXCLUSIVE MODE");
        var claim = host.GetRequiredService<IDeploymentLifecycle>().ClaimNextAsync(new ClaimOptions { MaxPerProject = limit }, Token);
        await UntilSomeoneWaitsAsync();
        await ExecuteAsync(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
                + "'claimer'");
        await transaction.CommitAsync(Token);

        Assert.That((await claim)!.Deployment.Id, Is.EqualTo(waiting.Id));
        await EndAsync(waiting);
    }

    [Test]
    public async Task A_step_that_waits_for_a_takeover_says_that_its_lease_is_lost()
    {
        var job = await ExpiredAsync();
        Task<TransitionOutcome> step = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var (requeued, _) = await tx.Get<IDeploymentMaintenance>().RequeueExpiredAsync(3, 1000, ct);
            Assert.That(requeued, Does.Contain(job.Deployment.Id));
            step = Lifecycle.SucceedAsync(job.Claim, null, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await step, Is.EqualTo(TransitionOutcome.LostLease));
        Assert.That(await Lifecycle.FindStatusAsync(job.Deployment.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
        await EndAsync(job.Deployment);
    }

    [Test]
    public async Task A_takeover_that_waits_for_a_heartbeat_leaves_the_lease()
    {
        var job = await ExpiredAsync();
        Task<RequeueResult> takeover = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(
                await tx.Get<IDeploymentLifecycle>().RenewAsync(job.Claim, Minute, ct), Is.EqualTo(TransitionOutcome.Applied));
            takeover = Maintenance.RequeueExpiredAsync(3, 1000, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That((await takeover).Requeued, Does.Not.Contain(job.Deployment.Id));
        Assert.That(await Lifecycle.RenewAsync(job.Claim, Minute, Token), Is.EqualTo(TransitionOutcome.Applied));
    }

    [Test]
    public async Task Two_takeovers_take_a_lease_once()
    {
        var job = await ExpiredAsync();
        IReadOnlyList<Guid> beside = [];
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var (requeued, _) = await tx.Get<IDeploymentMaintenance>().RequeueExpiredAsync(3, 1000, ct);
            Assert.That(requeued, Does.Contain(job.Deployment.Id));
            beside = (await Maintenance.RequeueExpiredAsync(3, 1000, Token)).Requeued;
        }, Token);

        Assert.That(beside, Does.Not.Contain(job.Deployment.Id), "It was skipped, not waited for.");
        Assert.That((await Maintenance.RequeueExpiredAsync(3, 1000, Token)).Requeued, Does.Not.Contain(job.Deployment.Id));
        await EndAsync(job.Deployment);
    }

    // The host's clock cannot be set here, so that the rows are: they hold times of the server's clock.
    [TestCase("1 hour", false)]
    [TestCase("5 seconds", false)]
    [TestCase("-1 milliseconds", true)]
    [TestCase("-1 hour", true)]
    public async Task A_lease_ends_by_the_servers_clock(string left, bool isExpired)
    {
        await using var host = ServerHost();
        var job = await ClaimAsync(host);
        await ExecuteAsync(
            $"UPDATE deployment_leases SET expires_at = timezone('UTC', now()) + interval '{left}' WHERE deployment_id = $1",
            job.Deployment.Id);
        var (requeued, _) = await host.GetRequiredService<IDeploymentMaintenance>().RequeueExpiredAsync(3, 1000, Token);

        Assert.That(requeued.Contains(job.Deployment.Id), Is.EqualTo(isExpired));
        await EndAsync(job.Deployment);
    }

    [Test]
    public async Task Times_of_a_lease_are_the_servers()
    {
        await using var host = ServerHost();
        var job = await ClaimAsync(host);
        await host.GetRequiredService<IDeploymentLifecycle>().RenewAsync(job.Claim, TimeSpan.FromHours(2), Token);

        // In one statement of the server: no time of this process is part of it.
        Assert.That(
            await ScalarAsync(
                """
                SELECT bool_and(abs(extract(epoch FROM d)) < 30)
                FROM deployment_leases l, LATERAL (VALUES
                    (l.claimed_at - timezone('UTC', now())), (l.renewed_at - timezone('UTC', now())),
                    (l.expires_at - interval '2 hours' - timezone('UTC', now()))) t (d)
                WHERE l.deployment_id = $1
                """, job.Deployment.Id), Is.True);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await command.ExecuteNonQueryAsync(Token);
    }

    // With the machine's clock, which decides nothing.
    private ServiceProvider ServerHost() =>
        new ServiceCollection().AddAutoStackData(Database.ConnectionString).AddAutoStackDataWorkers().BuildServiceProvider();

    private async Task<ClaimedDeployment> ClaimAsync(IServiceProvider? host = null)
    {
        await EnqueueAsync();
        var lifecycle = host?.GetRequiredService<IDeploymentLifecycle>() ?? Lifecycle;
        var job = (await lifecycle.ClaimNextAsync(new ClaimOptions { Lease = Minute }, Token))!;
        await lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, Token);
        return job;
    }

    private async Task<ClaimedDeployment> ExpiredAsync()
    {
        var job = await ClaimAsync();
        Clock.Advance(Minute + Minute);
        return job;
    }

    private async Task EndAsync(params Deployment[] deployments)
    {
        foreach (var deployment in deployments)
        {
            await Deployments.CancelAsync(deployment.Id, deployment.UserId, null, Token);
        }
    }

    private ServiceProvider NewHost(Action<AutoStackDataOptions> configure) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            configure(options);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
