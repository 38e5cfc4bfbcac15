using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Logs;

/// <summary>The server plans the insert of an append once per session, not at every call.</summary>
public sealed class AppendPlanTests : DatabaseTests
{
    private const int Appends = 12;

    [Test]
    public async Task An_append_is_not_planned_for_its_values()
    {
        await using var session = Session();
        await using var host = HostOf(session);
        var deployment = await EnqueueAsync();

        for (var i = 0; i < Appends; i++)
        {
            await host.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(deployment.Id, [new() { Message = "x" }], Token);
        }

        Assert.That(await PlansAsync(session), Is.EqualTo((0L, true)));
    }

    [Test]
    public async Task In_a_unit_of_work_an_append_leaves_the_plans_of_other_statements_to_the_server()
    {
        await using var session = Session();
        await using var host = HostOf(session);
        var deployment = await EnqueueAsync();

        for (var i = 0; i < Appends; i++)
        {
            await host.GetRequiredService<IUnitOfWork>().RunAsync(
                (repositories, token) => repositories.Get<IPlatformDeploymentLogRepository>().AppendAsync(
                    deployment.Id, [new() { Message = "x" }], token),
                Token);
        }

        var (custom, _) = await PlansAsync(session);
        Assert.That(custom, Is.GreaterThanOrEqualTo(5), "as many as the server plans before it compares");
    }

    // One session, so that its counts are those of every call.
    private NpgsqlDataSource Session() => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Database.ConnectionString)
    {
        MaxPoolSize = 1,
        MaxAutoPrepare = 50,
        AutoPrepareMinUsages = 2,
        NoResetOnClose = true,
    });

    private static ServiceProvider HostOf(NpgsqlDataSource session) =>
        new ServiceCollection().AddAutoStackData(session).AddAutoStackDataWorkers().BuildServiceProvider();

    private static async Task<(long Custom, bool HasGeneric)> PlansAsync(NpgsqlDataSource session)
    {
        await using var command = session.CreateCommand("""
            SELECT sum(p.custom_plans)::bigint, sum(p.generic_plans) > 0
            FROM pg_prepared_statements p
            WHERE p.statement LIKE '%INSERT INTO deployment_logs%'
            """);
        await using var reader = await command.ExecuteReaderAsync(Token);
        await reader.ReadAsync(Token);
        return (reader.GetInt64(0), reader.GetBoolean(1));
    }
}
