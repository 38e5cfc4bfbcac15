using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.FaultTests.Invariants;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.FaultTests.Sites;
using AutoStack.Data.FaultTests.Workload;
using AutoStack.Data.Projects;
using Npgsql;

namespace AutoStack.Data.FaultTests;

/// <summary>
/// A service with a hosted worker is a process of its own, which ends in the middle of its builds; another one takes over.
/// </summary>
[TestFixture]
public sealed class ServiceProcessTests
{
    private const int Deployments = 10;

    private readonly Ledger ledger = new();
    private ServerSite site = null!;
    private NpgsqlConnection connection = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public async Task EnqueueAsync()
    {
        ledger.Lines.Clear();
        site = await ServerSite.CreateAsync(FaultServers.Current, Token);
        connection = await site.OpenAsync(Token);
        await using (var command = new NpgsqlCommand("""
            CREATE TABLE faults_successes (deployment_id UUID NOT NULL);
            CREATE FUNCTION faults_succeed() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO faults_successes VALUES (new.id); RETURN NULL; END $$;
            CREATE TRIGGER faults_succeed AFTER UPDATE ON deployments FOR EACH ROW
                WHEN (new.status = 'success' AND old.status <> 'success') EXECUTE FUNCTION faults_succeed();
            """, connection))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        await using var service = new Service(site, "queue");
        var user = await service.Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = "ada@example.com" }, Token);
        var project = await service.Get<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
        for (var i = 0; i < Deployments; i++)
        {
            // Of two deployments of a branch, the older one does not go live after the newer one.
            await service.Get<IDeploymentRepository>().EnqueueAsync(
                new NewDeployment { ProjectId = project.Id, UserId = user.Id, Branch = $"branch-{i}" }, Token);
        }
    }

    [TearDown]
    public async Task DropAsync()
    {
        await connection.DisposeAsync();
        await site.DisposeAsync();
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task What_a_killed_service_was_building_is_built_by_another_one()
    {
        var lease = TimeSpan.FromSeconds(3);
        await using var one = ServiceProcess.Start(site, ledger, "one", lease);
        await UntilBuildingAsync();
        await one.KillAsync(Token);
        var held = await HeldAsync("one");
        Assert.That(held, Is.Not.Empty);

        // What the process had buffered went with it; what a flush had acknowledged did not.
        foreach (var ((id, writer), count) in ledger.Lines)
        {
            count.Written = Math.Max(count.Flushed, await CountLinesAsync(id, writer));
        }

        await using var two = ServiceProcess.Start(site, ledger, "two", lease);
        await UntilBuiltAsync();
        Assert.That(await two.TerminateAsync(Token), Is.Zero);
        await ExpectEachBuiltOnceAsync();
        Assert.That(
            held.Select(id => ledger.Lines.GetValueOrDefault((id, ServiceProgram.Writer("two", 2)))?.Written),
            Is.All.EqualTo(ServiceProgram.LinesOfBuild), "the second service built what the first one held");
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task A_terminated_service_hands_its_deployments_back_and_stores_its_lines()
    {
        // No deployment comes back by the end of this lease.
        var lease = TimeSpan.FromHours(1);
        await using var one = ServiceProcess.Start(site, ledger, "one", lease);
        await UntilBuildingAsync();
        Assert.That(await one.TerminateAsync(Token), Is.Zero);
        Assert.That(await HeldAsync("one"), Is.Empty);
        var queued = await Rows.ReadAsync(
            connection, "SELECT id FROM deployments WHERE status = 'queued'", row => row.GetGuid(0), Token);
        var handedBack = queued.Where(id => ledger.Lines.ContainsKey((id, ServiceProgram.Writer("one", 1)))).ToList();
        Assert.That(handedBack, Is.Not.Empty);

        await using var two = ServiceProcess.Start(site, ledger, "two", lease);
        await UntilBuiltAsync();
        Assert.That(await two.TerminateAsync(Token), Is.Zero);
        await ExpectEachBuiltOnceAsync();
        Assert.That(
            handedBack.Select(id => ledger.Lines.GetValueOrDefault((id, ServiceProgram.Writer("two", 1)))?.Written),
            Is.All.EqualTo(ServiceProgram.LinesOfBuild), "the first attempts did not count");
    }

    private async Task UntilBuildingAsync()
    {
        while (ledger.Lines.Values.Count(count => count.Flushed > 0) < 3)
        {
            await Task.Delay(5, Token);
        }
    }

    private async Task UntilBuiltAsync()
    {
        while ((await Rows.ReadAsync(
            connection, "SELECT id FROM deployments WHERE status <> 'success'", row => row.GetGuid(0), Token)).Count > 0)
        {
            await Task.Delay(50, Token);
        }
    }

    private async Task ExpectEachBuiltOnceAsync()
    {
        var successes = await Rows.ReadAsync(connection, "SELECT deployment_id FROM faults_successes", row => row.GetGuid(0), Token);
        Assert.That(successes, Is.Unique.And.Count.EqualTo(Deployments));
        Assert.That(await LogCheck.RunAsync(ledger, connection, Token), Is.Empty);
    }

    private Task<List<Guid>> HeldAsync(string worker) => QueryAsync(
        "SELECT deployment_id FROM deployment_leases WHERE worker = $1 AND released_at IS NULL", row => row.GetGuid(0), worker);

    private async Task<int> CountLinesAsync(Guid id, string writer) => (await QueryAsync(
        "SELECT id FROM deployment_logs WHERE deployment_id = $1 AND message LIKE $2 || '#%'", row => row.GetGuid(0), id, writer)).Count;

    private async Task<List<T>> QueryAsync<T>(string sql, Func<NpgsqlDataReader, T> read, params object[] values)
    {
#pragma warning disable CA2100 // A constant of this file.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<T>();
        while (await reader.ReadAsync(Token))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
