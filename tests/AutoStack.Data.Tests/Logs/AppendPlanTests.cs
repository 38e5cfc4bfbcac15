using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
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

        await AppendAsync(host, deployment.Id);

        Assert.That(await PlansAsync(session), Is.EqualTo((0L, true)));
        Assert.That(await LooksAsync(session), Is.EqualTo(1), "the process keeps in mind whether other nodes have the lines");
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

    [Test]
    public async Task A_process_looks_for_other_nodes_once_a_minute_and_plans_as_it_last_found()
    {
        await using var session = Session();
        var clock = new FakeTimeProvider(Clock.GetUtcNow());
        await using var host = HostOf(session, clock);
        var deployment = await EnqueueAsync();
        await ExecuteAsync("""
            CREATE FUNCTION note_plan() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                NEW.message := current_setting('plan_cache_mode');
                RETURN NEW;
            END
            $$;
            CREATE TRIGGER note BEFORE INSERT ON deployment_logs FOR EACH ROW EXECUTE FUNCTION note_plan();
            """);
        try
        {
            await ExecuteAsync("CREATE TABLE deployment_ids (id UUID)");
            await AppendAsync(host, deployment.Id, 2);
            await ExecuteAsync("DROP TABLE deployment_ids");
            clock.Advance(TimeSpan.FromSeconds(59));
            await AppendAsync(host, deployment.Id, 2);
            clock.Advance(TimeSpan.FromSeconds(1));
            await AppendAsync(host, deployment.Id, 2);
            await ExecuteAsync("CREATE TABLE deployment_ids (id UUID)");
            await AppendAsync(host, deployment.Id, 1);
            clock.Advance(TimeSpan.FromMinutes(1));
            await AppendAsync(host, deployment.Id, 2);
        }
        finally
        {
            await ExecuteAsync("DROP TABLE IF EXISTS deployment_ids; DROP FUNCTION note_plan CASCADE");
        }

        Assert.That(
            await ScalarAsync("SELECT string_agg(message, ' ' ORDER BY seq) FROM deployment_logs WHERE deployment_id = $1", deployment.Id),
            Is.EqualTo("auto auto auto auto force_generic_plan force_generic_plan force_generic_plan auto auto"));
        Assert.That(await LooksAsync(session), Is.EqualTo(3));
    }

    [Test]
    public async Task An_append_is_sent_again_without_its_plan_when_the_feature_was_enabled_since_the_last_look([Values] bool always)
    {
        await using var session = Session();
        await using var host = HostOf(session);
        var deployment = await EnqueueAsync();
        await AppendAsync(host, deployment.Id, 1);
        try
        {
            await ExecuteAsync($"""
                CREATE FUNCTION refuse_generic_plan() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF {(always ? "TRUE" : "current_setting('plan_cache_mode') = 'force_generic_plan'")} THEN
                        RAISE 'no plan' USING ERRCODE = 'feature_not_supported';
                    END IF;
                    RETURN NEW;
                END
                $$;
                CREATE TRIGGER refuse BEFORE INSERT ON deployment_logs FOR EACH ROW EXECUTE FUNCTION refuse_generic_plan();
                """);

            if (always)
            {
                Assert.That(
                    () => AppendAsync(host, deployment.Id, 1),
                    Throws.TypeOf<PostgresException>().With.Property(nameof(PostgresException.SqlState)).EqualTo("0A000"));
            }
            else
            {
                await AppendAsync(host, deployment.Id);
            }

            Assert.That(
                await ScalarAsync("SELECT count(*) FROM deployment_logs WHERE deployment_id = $1", deployment.Id),
                Is.EqualTo(always ? 1L : 1L + Appends));
        }
        finally
        {
            await ExecuteAsync("DROP FUNCTION refuse_generic_plan CASCADE");
        }
    }

    // One session, so that its counts are those of every call.
    private NpgsqlDataSource Session() => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(Database.ConnectionString)
    {
        MaxPoolSize = 1,
        MaxAutoPrepare = 50,
        AutoPrepareMinUsages = 1,
        NoResetOnClose = true,
    });

    private static ServiceProvider HostOf(NpgsqlDataSource session, TimeProvider? clock = null) => new ServiceCollection()
        .AddSingleton(clock ?? TimeProvider.System)
        .AddAutoStackData(session)
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    private static async Task AppendAsync(ServiceProvider host, Guid deploymentId, int times = Appends)
    {
        for (var i = 0; i < times; i++)
        {
            await host.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(deploymentId, [new() { Message = "x" }], Token);
        }
    }

    // Executions of prepared statements that look for the table of the feature.
    private static async Task<long> LooksAsync(NpgsqlDataSource session)
    {
        await using var command = session.CreateCommand("""
            SELECT coalesce(sum(p.custom_plans + p.generic_plans), 0)::bigint
            FROM pg_prepared_statements p
            WHERE p.statement LIKE '%to_regclass(''public.deployment_ids'')%'
            """);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

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
