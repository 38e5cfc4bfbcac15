using System.Data;
using Npgsql;
using Polly;

namespace AutoStack.Data.Internal;

/// <summary>A pooled connection per call; each call is a transaction of its own.</summary>
internal sealed class PooledDb(NpgsqlDataSource dataSource, Telemetry telemetry, int commandTimeoutSeconds)
    : Db(telemetry, commandTimeoutSeconds)
{
    // The server has rolled the statement back, so that even a write may be repeated.
    private static readonly ResiliencePipeline Conflicts = ConflictRetry.Create(SqlErrors.IsConflict);

    public override void WhenCommitted(Action action) => action();

    protected override async ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);

    protected override async Task<T> WithConnectionAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, Repeat repeat, CancellationToken cancellationToken) =>
        await Conflicts.ExecuteAsync(
            static async (call, token) => await call.Db.OnceOrAgainAsync(call.Work, call.Repeat, token).ConfigureAwait(false),
            (Db: this, Work: work, Repeat: repeat),
            cancellationToken).ConfigureAwait(false);

    private async Task<T> OnceOrAgainAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, Repeat repeat, CancellationToken cancellationToken)
    {
        var connected = false;
        try
        {
            return await OnceAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (connected && (SqlErrors.IsIdleTimeout(exception) || (repeat == Repeat.WhenConnectionIsLost && SqlErrors.IsLostConnection(exception))))
        {
            // When one pooled connection was dead, its neighbours are suspect: the second attempt gets a new one.
            dataSource.Clear();
            return await OnceAsync().ConfigureAwait(false);
        }

        async Task<T> OnceAsync()
        {
            var connection = await dataSource.OpenOutsideAsync(cancellationToken).ConfigureAwait(false);
            await using (connection.ConfigureAwait(false))
            {
                connected = true;
                return await work(connection, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}
