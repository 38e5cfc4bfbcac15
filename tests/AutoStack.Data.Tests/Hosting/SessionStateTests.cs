using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>
/// Connections return to the library's pool without a reset, so every operation leaves its session unchanged, even when it fails or is
/// cancelled.
/// </summary>
public sealed class SessionStateTests : DatabaseTests
{
    [Test]
    public async Task No_operation_changes_the_state_of_its_session()
    {
        // A pool of one connection gives every call the same session.
        await using var source = NpgsqlDataSource.Create($"{Database.ConnectionString};Maximum Pool Size=1;No Reset On Close=true");
        await using var provider = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddSingleton(source)
            .AddAutoStackData(source)
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var before = await StateAsync(source);
        var deployment = await EnqueueAsync();
        var lifecycle = provider.GetRequiredService<IDeploymentLifecycle>();
        var logs = provider.GetRequiredService<IPlatformDeploymentLogRepository>();
        var unitOfWork = provider.GetRequiredService<IUnitOfWork>();

        await lifecycle.ClaimNextAsync(PerProject(1000), Token);
        await logs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "one" }], Token);
        await logs.AppendAsync(deployment.Id, [.. Enumerable.Range(0, 6000).Select(n => new NewDeploymentLog { Message = $"{n}" })], Token);
        await provider.GetRequiredService<IDeploymentMaintenance>().FailStalledAsync(TimeSpan.FromDays(1), "idle", 10, Token);
        await provider.GetRequiredService<IRetentionService>().RunAsync(new RetentionPolicy(), null, Token);
        await unitOfWork.RunAsync((tx, ct) => tx.Get<IDeploymentLifecycle>().FailAsync(deployment.Id, "why", ct), Token);
        Assert.That(
            () => unitOfWork.RunAsync(async (tx, ct) =>
            {
                var appends = tx.Get<IPlatformDeploymentLogRepository>();
                await appends.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "rolled back" }], ct);
                throw new InvalidOperationException("halfway");
            }, Token),
            Throws.InvalidOperationException);
        Assert.That(
            () => logs.AppendAsync(Guid.NewGuid(), [new NewDeploymentLog { Message = "of nobody" }], Token),
            Throws.TypeOf<MissingReferenceException>());
        using (var cancelled = new CancellationTokenSource())
        {
            // The call waits for the row that this test has locked, until the call is cancelled.
            await using var held = await Raw.OpenConnectionAsync(Token);
            await using var transaction = await held.BeginTransactionAsync(Token);
            await using var command = new NpgsqlCommand("SELECT 1 FROM deployments WHERE id = $1 FOR UPDATE", held, transaction);
            command.Parameters.Add(new NpgsqlParameter { Value = deployment.Id });
            await command.ExecuteNonQueryAsync(Token);
            var deployments = provider.GetRequiredService<IDeploymentRepository>();
            var waiting = deployments.CancelAsync(deployment.Id, deployment.UserId, null, cancelled.Token);
            await UntilSomeoneWaitsAsync();
            await cancelled.CancelAsync();
            Assert.That(() => waiting, Throws.InstanceOf<OperationCanceledException>());
        }

        Assert.That(await StateAsync(source), Is.EqualTo(before));
    }

    private static async Task<string[]> StateAsync(NpgsqlDataSource source)
    {
        await using var connection = await source.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand("""
            SELECT 'transaction ' || coalesce(pg_current_xact_id_if_assigned()::text, 'none')
            UNION ALL
            SELECT 'chosen: ' || coalesce(current_setting('autostack.chosen_ids', TRUE), '')
            UNION ALL
            SELECT s.name || ' = ' || s.setting FROM pg_settings s
            UNION ALL
            SELECT 'advisory lock ' || l.objid FROM pg_locks l WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid()
            UNION ALL
            SELECT 'listens to ' || c FROM pg_listening_channels() c
            ORDER BY 1
            """, connection);
        var state = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            state.Add(reader.GetString(0));
        }

        return [.. state];
    }
}
