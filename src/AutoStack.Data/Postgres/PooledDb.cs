using System.Data;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>Runs each call on a pooled connection, as a transaction of its own.</summary>
internal sealed class PooledDb(NpgsqlDataSource dataSource, PoolerGuard guard, Telemetry telemetry, int commandTimeoutSeconds)
    : Db(telemetry, commandTimeoutSeconds)
{
    public override void WhenCommitted(Action action) => action();

    protected override async ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);

    protected override ValueTask<NpgsqlConnection> AcquireAsync(CancellationToken cancellationToken) => guard.OpenAsync(cancellationToken);

    protected override ValueTask ReleaseAsync(NpgsqlConnection connection) => connection.DisposeAsync();

    protected override bool Continue(ref Retries retries, Exception exception, Repeat repeat, out TimeSpan delay)
    {
        var isConflict = SqlErrors.IsConflict(exception);
        if (!retries.Continue(exception, repeat, out delay))
        {
            return false;
        }

        if (!isConflict)
        {
            // The server closed one pooled connection, and probably its neighbours too: the next attempt gets a new one.
            dataSource.Clear();
        }

        return true;
    }
}
