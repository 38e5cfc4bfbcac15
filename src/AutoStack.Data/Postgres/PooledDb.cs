using System.Data;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>A pooled connection per call; each call is a transaction of its own.</summary>
internal sealed class PooledDb(NpgsqlDataSource dataSource, PoolerGuard guard, Telemetry telemetry, int commandTimeoutSeconds)
    : Db(telemetry, commandTimeoutSeconds)
{
    public override void WhenCommitted(Action action) => action();

    protected override async ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);

    protected override ValueTask<NpgsqlConnection> AcquireAsync(CancellationToken cancellationToken) => guard.OpenAsync(cancellationToken);

    protected override ValueTask ReleaseAsync(NpgsqlConnection connection) => connection.DisposeAsync();

    protected override TimeSpan? Failed(Exception exception, Repeat repeat, ref Failures failures)
    {
        // The server has rolled the statement back, so that even a write may be repeated.
        if (SqlErrors.IsConflict(exception))
        {
            failures.LostConnections = 0;
            return failures.Conflicts < ConflictRetry.MaxAttempts ? ConflictRetry.Backoff.Pause(failures.Conflicts++) : null;
        }

        if (!(SqlErrors.IsIdleTimeout(exception) || (repeat == Repeat.WhenConnectionIsLost && SqlErrors.IsLostConnection(exception))) || failures.LostConnections++ > 0)
        {
            return null;
        }

        // When one pooled connection was dead, its neighbours are suspect: the second attempt gets a new one.
        dataSource.Clear();
        return TimeSpan.Zero;
    }
}
