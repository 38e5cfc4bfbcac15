using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>Runs statements of the host as a call of the library: with its time limit, its telemetry and its errors.</summary>
internal sealed class OwnStatements(TransactionExecutor executor) : IOwnStatements
{
    private static readonly Operation Operation = new(new Subject("OwnStatements", table: null), "Run");

    public Task<TResult> RunAsync<TResult>(
        Func<NpgsqlConnection, CancellationToken, Task<TResult>> statements, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(statements);
        TResult? result = default;
        return executor.RunAsync(
            Operation,
            [],
            Access.Write,
            async (connection, call) =>
            {
                await executor.TellAsync(connection, call).ConfigureAwait(false);
                result = await statements(connection, call.Token).ConfigureAwait(false);
                return null;
            },
            (_, _) => Task.FromResult(result!),
            cancellationToken);
    }

    public Task RunAsync(Func<NpgsqlConnection, CancellationToken, Task> statements, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(statements);
        return RunAsync(async (connection, token) =>
        {
            await statements(connection, token).ConfigureAwait(false);
            return true;
        }, cancellationToken);
    }
}
