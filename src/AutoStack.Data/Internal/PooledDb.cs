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
        Func<NpgsqlConnection, CancellationToken, Task<T>> work, Repeat repeat, CancellationToken cancellationToken)
    {
        var first = OnceOrAgainAsync(work, repeat, cancellationToken);
        try
        {
            return await first.ConfigureAwait(false);
        }
        catch (PostgresException exception) when (SqlErrors.IsConflict(exception))
        {
            return await AfterConflictAsync(first, work, repeat, cancellationToken).ConfigureAwait(false);
        }
    }

    // Apart, so that a call without a conflict does not pay for the machinery; which begins with the attempt that has failed, and so with a pause.
    private async Task<T> AfterConflictAsync<T>(
        Task<T> first, Func<NpgsqlConnection, CancellationToken, Task<T>> work, Repeat repeat, CancellationToken cancellationToken)
    {
        Task<T>? failed = first;
        return await Conflicts.ExecuteAsync(
            async token =>
            {
                var attempt = failed ?? OnceOrAgainAsync(work, repeat, token);
                failed = null;
                return await attempt.ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
    }

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
