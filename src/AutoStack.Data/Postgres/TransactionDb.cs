using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Runs calls on the connection of one open transaction. The first error dooms the transaction: PostgreSQL would answer COMMIT with a
/// silent rollback, so that every later call throws.
/// </summary>
internal sealed class TransactionDb(NpgsqlConnection connection, Telemetry telemetry, int commandTimeoutSeconds)
    : Db(telemetry, commandTimeoutSeconds)
{
    private readonly List<Action> afterwards = [];
    private Exception? doom;
    private bool ended;

    /// <summary>The first failure of a statement; null while every statement has succeeded.</summary>
    public Exception? Doom => doom;

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

    public override void WhenCommitted(Action action) => afterwards.Add(action);

    /// <summary>Runs the actions that wait for the commit.</summary>
    public void Committed() => afterwards.ForEach(action => action());

    protected override ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        default;

    protected override ValueTask<NpgsqlConnection> AcquireAsync(CancellationToken cancellationToken)
    {
        if (ended)
        {
            throw new InvalidOperationException("This repository belongs to a unit of work that has ended.");
        }

        ThrowIfDoomed();
        return new(connection);
    }

    protected override ValueTask ReleaseAsync(NpgsqlConnection connection) => default;

    // A transaction is repeated as a whole, by its unit of work.
    protected override bool Continue(ref Retries retries, Exception exception, Repeat repeat, out TimeSpan delay)
    {
        doom ??= exception;
        delay = TimeSpan.Zero;
        return false;
    }
}
