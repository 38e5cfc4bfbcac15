using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Postgres;

/// <summary>
/// A statement fails while the server binds its values, in the very call in which the driver prepares it. The driver keeps it as one
/// without a result, and throws when it meets its rows the next time, although the statement was carried out.
/// </summary>
public sealed class BindingFailureTests : DatabaseTests
{
    private const string Lock = "SELECT d.status FROM deployments d WHERE d.id = $1 FOR UPDATE";
    private const string Rename = "UPDATE deployments SET branch = 'renamed' WHERE id = $1";

    private string role = null!;
    private string connectionString = null!;

    [SetUp]
    public async Task CreateRoleAsync()
    {
        role = Unique("narrow").Replace('-', '_');
        await ExecuteAsync($"""
            CREATE ROLE {role} LOGIN PASSWORD '{role}';
            GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}
            """);
        connectionString = new NpgsqlConnectionStringBuilder(Database.ConnectionString)
        {
            Username = role,
            Password = role,
            MaxPoolSize = 1,
            MinPoolSize = 0,
        }.ConnectionString;
    }

    [TearDown]
    public async Task DropRoleAsync() => await ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");

    [Test]
    public async Task The_driver_alone_fails_after_it_has_committed()
    {
        var deployment = await EnqueueAsync();
        await using var source = NpgsqlDataSource.Create(
            $"{connectionString};Max Auto Prepare=10;Auto Prepare Min Usages=2;No Reset On Close=true");
        await RenameAsync(source, deployment.Id);
        await WithoutRightAsync(() => Assert.ThrowsAsync<PostgresException>(() => RenameAsync(source, deployment.Id)));
        await ExecuteAsync("UPDATE deployments SET branch = 'main' WHERE id = $1", deployment.Id);

        var failure = Assert.CatchAsync(() => RenameAsync(source, deployment.Id))!;

        Assert.That(failure.Message, Does.StartWith("Received unexpected backend message DataRow"));
        var stored = await Deployments.FindAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(stored!.Branch, Is.EqualTo("renamed"), "It is committed.");
    }

    [Test]
    public async Task A_call_after_it_succeeds()
    {
        await using var host = new ServiceCollection().AddAutoStackData(connectionString).BuildServiceProvider();
        var deployments = host.GetRequiredService<IDeploymentRepository>();
        Assert.That(await CancelAsync(), Is.EqualTo(CancelOutcome.Cancelled));
        await WithoutRightAsync(() => Assert.ThrowsAsync<PostgresException>(CancelAsync));

        Assert.That(await CancelAsync(), Is.EqualTo(CancelOutcome.Cancelled));

        async Task<CancelOutcome> CancelAsync()
        {
            var deployment = await EnqueueAsync();
            return await deployments.CancelAsync(deployment.Id, deployment.UserId, reason: null, Token);
        }
    }

    [Test]
    public async Task A_unit_of_work_after_it_succeeds()
    {
        await using var host = new ServiceCollection().AddAutoStackData(connectionString).BuildServiceProvider();
        var unit = host.GetRequiredService<IUnitOfWork>();
        Assert.That(await CancelAsync(), Is.EqualTo(CancelOutcome.Cancelled));
        await WithoutRightAsync(() => Assert.CatchAsync(CancelAsync));

        Assert.That(await CancelAsync(), Is.EqualTo(CancelOutcome.Cancelled));

        async Task<CancelOutcome> CancelAsync()
        {
            var deployment = await EnqueueAsync();
            return await unit.RunAsync(
                (tx, ct) => tx.Get<IDeploymentRepository>().CancelAsync(deployment.Id, deployment.UserId, reason: null, ct), Token);
        }
    }

    private static async Task RenameAsync(NpgsqlDataSource source, Guid id)
    {
        await using var batch = source.CreateBatch();
        foreach (var sql in new[] { Lock, Rename })
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql) { Parameters = { new NpgsqlParameter { Value = id } } });
        }

        await batch.ExecuteNonQueryAsync(Token);
    }

    private async Task WithoutRightAsync(Action work)
    {
        await ExecuteAsync($"REVOKE UPDATE ON deployments FROM {role}");
        work();
        await ExecuteAsync($"GRANT UPDATE ON deployments TO {role}");
    }
}
