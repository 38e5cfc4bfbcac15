using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Runs calls on the connection of one open transaction. The first error dooms the transaction: PostgreSQL would answer COMMIT with a
/// silent rollback, so that every later call throws.
/// </summary>
/// <param name="connection">The connection.</param>
/// <param name="holder">The call that opened it, and holds it until the end of the transaction.</param>
/// <param name="telemetry">Measures the calls.</param>
/// <param name="timeouts">The limits of the calls.</param>
/// <param name="settings">What the server is told about each call.</param>
internal sealed class TransactionExecutor(
    NpgsqlConnection connection, Call holder, Telemetry telemetry, Timeouts timeouts, TransactionSettings settings)
    : Executor(telemetry, timeouts, settings)
{
    private readonly Lock gate = new();
    private readonly HashSet<Action> afterwards = [];
    private Exception? doom;
    private bool ended;

    // What the server was told last, for the rest of the transaction.
    private TransactionValues last = TransactionValues.None;

    // Guarded by gate.
    private bool isInUse;
    private TaskCompletionSource? released;

    /// <summary>The first failure of a statement; null while every statement has succeeded.</summary>
    public Exception? Doom => doom;

    /// <summary>Whether the connection was lost, or its server did not answer in time.</summary>
    public bool IsLost { get; private set; }

    /// <summary>The call that its caller has given up, and that still uses the connection; null when there is none.</summary>
    public Task? Unfinished
    {
        get
        {
            lock (gate)
            {
                return isInUse ? (released ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task : null;
            }
        }
    }

    /// <summary>Refuses every further call: the unit of work has ended.</summary>
    public void End() => ended = true;

    /// <summary>Throws when a statement has failed, even if the caller caught its exception.</summary>
    public void ThrowIfDoomed()
    {
        if (doom is not null)
        {
            throw SqlErrors.Translate(doom) is ConflictException conflict ? conflict : new UnitOfWorkFailedException(doom);
        }
    }

    public override bool IsTransactionPerCall => false;

    public override void WhenCommitted(Action action) => afterwards.Add(action);

    /// <summary>Runs the actions that wait for the commit, also when the commit ends without an answer.</summary>
    public async Task<T> AfterwardsAsync<T>(Task<T> commit)
    {
        try
        {
            var result = await commit.ConfigureAwait(false);
            RunAfterwards();
            return result;
        }
        catch (AutoStackDataException exception) when (exception.OutcomeUnknown)
        {
            RunAfterwards();
            throw;
        }
    }

    public override ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        default;

    // Only what is sent counts: a call that was cancelled before changes nothing that the next one could rely on.
    protected override Statement? PrefixOf(Call call)
    {
        if (call.Values is null && last == TransactionValues.None)
        {
            return null;
        }

        var values = (call.Values ?? TransactionValues.Unnamed).After(last);
        var prefix = TransactionSettings.Set(values, last);
        last = values;
        return prefix;
    }

    protected override ValueTask<NpgsqlConnection> AcquireAsync(Call call)
    {
        if (ended)
        {
            throw new InvalidOperationException("This repository belongs to a unit of work that has ended.");
        }

        ThrowIfDoomed();
        lock (gate)
        {
            if (isInUse)
            {
                throw new InvalidOperationException(
                    "Another call of this unit of work still runs: its connection runs one statement at a time. Await each call.");
            }

            isInUse = true;
        }

        holder.Last = call.Operation;
        holder.Running = call;
        call.Runs(connection);
        return new(connection);
    }

    protected override ValueTask ReleaseAsync(NpgsqlConnection connection, Call call)
    {
        holder.Running = null;
        lock (gate)
        {
            isInUse = false;
            released?.TrySetResult();
        }

        return default;
    }

    // Without COMMIT nothing is stored.
    public override bool MayChange(Access access) => false;

    protected override bool Reopen(ref Retries retries, Exception exception, Call call, out TimeSpan delay)
    {
        delay = TimeSpan.Zero;
        return false;
    }

    // A transaction is repeated as a whole, by its unit of work.
    protected override bool Continue(ref Retries retries, Exception exception, bool isLost, out TimeSpan delay)
    {
        doom ??= exception;
        IsLost |= isLost;
        delay = TimeSpan.Zero;
        return false;
    }

    public override void GivenUp(Exception exception, bool wasSent)
    {
        IsLost |= exception is DatabaseUnavailableException;
        doom ??= exception;
    }

    private void RunAfterwards()
    {
        foreach (var action in afterwards)
        {
            action();
        }
    }
}
