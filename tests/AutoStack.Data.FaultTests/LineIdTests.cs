using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.FaultTests.Invariants;
using AutoStack.Data.FaultTests.Servers;
using AutoStack.Data.FaultTests.Sites;
using AutoStack.Data.FaultTests.Workload;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Npgsql;

namespace AutoStack.Data.FaultTests;

/// <summary>
/// The writer's transaction outlives its connection: the server still carries it out, holding the log, while the writer repeats it. The
/// repetition finds the log held, and its lines go back to the buffer.
/// </summary>
[TestFixture]
public sealed class LineIdTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public Task A_line_with_an_id_is_stored_once_when_its_transaction_outlives_its_connection() =>
        ExpectOneLineAsync(new NewDeploymentLog { Id = Guid.CreateVersion7(), Message = "once" });

    [Test]
    public Task A_line_without_an_id_is_stored_once_when_its_transaction_outlives_its_connection() =>
        ExpectOneLineAsync(new NewDeploymentLog { Message = "once" });

    private static async Task ExpectOneLineAsync(NewDeploymentLog line)
    {
        var server = FaultServers.Current;
        var database = await server.CreateDatabaseAsync(Token);
        await using (var proxy = new Proxy(server.Port))
        await using (var service = new Service(new ServerSite(server, database, proxy), "writer"))
        await using (var blocker = new NpgsqlConnection(server.ConnectionStringTo(database)))
        await using (var connection = new NpgsqlConnection(server.ConnectionStringTo(database)))
        {
            await blocker.OpenAsync(Token);
            await connection.OpenAsync(Token);
            var deploymentId = await EnqueueAsync(service);
            await using (var blocking = await blocker.BeginTransactionAsync(Token))
            {
                await using var command = new NpgsqlCommand("LOCK TABLE deployment_logs IN SHARE MODE", blocker);
                await command.ExecuteNonQueryAsync(Token);
                await service.Get<IDeploymentLogWriter>().WriteAsync(deploymentId, line, Token);
                await UntilBlockedAsync(connection, sessions: 1);
                proxy.Cut();
                await UntilBlockedAsync(connection, sessions: 2);
                await blocking.CommitAsync(Token);
            }

            await service.Get<IDeploymentLogWriter>().FlushAsync(Token);
            var stored = await Rows.ReadAsync(connection, "SELECT message FROM deployment_logs", row => row.GetString(0), Token);
            Assert.That(stored, Is.EqualTo(new[] { "once" }));
        }

        await server.DropDatabaseAsync(database, Token);
    }

    private static async Task<Guid> EnqueueAsync(Service service)
    {
        var user = await service.Get<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = "ada@example.com" }, Token);
        var project = await service.Get<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
        var deployment = new NewDeployment { ProjectId = project.Id, UserId = user.Id };
        return (await service.Get<IDeploymentRepository>().EnqueueAsync(deployment, Token))!.Id;
    }

    private static async Task UntilBlockedAsync(NpgsqlConnection connection, int sessions)
    {
        while ((await Rows.ReadAsync(
            connection,
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            row => row.GetInt32(0),
            Token)).Count < sessions)
        {
            await Task.Delay(5, Token);
        }
    }
}
