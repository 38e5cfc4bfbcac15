using System.Data;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>Runs each call on a pooled connection, as a transaction of its own.</summary>
/// <param name="pool">The pool.</param>
/// <param name="telemetry">Measures the calls.</param>
/// <param name="timeouts">The limits of the calls.</param>
/// <param name="reopens">
/// Whether a call waits for a server that cannot be reached, for as long as it has time. False for work that repeats its calls itself.
/// </param>
/// <param name="settings">What the server is told about each call.</param>
internal class PooledExecutor(Pool pool, Telemetry telemetry, Timeouts timeouts, bool reopens, TransactionSettings settings)
    : Executor(telemetry, timeouts, settings)
{
    public override bool IsTransactionPerCall => true;

    protected override bool FollowsPrimary => pool.FollowsPrimary;

    public override void WhenCommitted(Action action) => action();

    public override async ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);

    protected override ValueTask<NpgsqlConnection> AcquireAsync(Call call) => pool.OpenAsync(call);

    protected override ValueTask ReleaseAsync(NpgsqlConnection connection, Call call) => pool.CloseAsync(connection, call);

    public override bool MayChange(Access access) => access != Access.Read;

    protected override bool Reopen(ref Retries retries, Exception exception, Call call, out TimeSpan delay)
    {
        delay = TimeSpan.Zero;
        return reopens && retries.Reopen(exception, call, out delay);
    }

    protected override bool Continue(ref Retries retries, Exception exception, bool isLost, out TimeSpan delay)
    {
        if (isLost || SqlErrors.IsOfTheSession(exception))
        {
            // What became of one pooled connection probably became of its neighbours too: the next attempt gets a new one.
            pool.Clear();
        }

        return retries.Continue(exception, isLost, out delay);
    }

    public override void GivenUp(Exception exception, bool wasSent)
    {
        if (exception is not DatabaseUnavailableException)
        {
            return;
        }

        Telemetry.Expired();
        if (wasSent)
        {
            // A server that does not answer one connection probably answers none.
            pool.Clear();
        }
    }
}
