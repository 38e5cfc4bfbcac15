using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

internal sealed class DatabaseMonitor(Db db, TimeProvider clock) : IDatabaseMonitor
{
    public Task<DatabaseStats> MeasureAsync(StatsParts parts, CancellationToken cancellationToken)
    {
        Check(parts);
        return LookAsync(parts, cancellationToken);
    }

    public IAsyncEnumerable<DatabaseStats> WatchAsync(TimeSpan interval, StatsParts parts, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(interval, IDatabaseMonitor.MinInterval);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(interval, IDatabaseMonitor.MaxInterval);
        Check(parts);
        return LooksAsync(interval, parts, cancellationToken);
    }

    private static void Check(StatsParts parts)
    {
        if ((parts & ~StatsParts.All) != 0)
        {
            throw new ArgumentOutOfRangeException(nameof(parts), parts, $"{nameof(parts)} has a value that StatsParts does not define.");
        }
    }

    private async IAsyncEnumerable<DatabaseStats> LooksAsync(
        TimeSpan interval, StatsParts parts, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            yield return await LookAsync(parts, cancellationToken).ConfigureAwait(false);
            await Task.Delay(interval, clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<DatabaseStats> LookAsync(StatsParts parts, CancellationToken cancellationToken)
    {
        var look = new Look(db);
        var (at, server) = await IdentityQuery.ReadAsync(look, cancellationToken).ConfigureAwait(false);
        var stats = new DatabaseStats { At = at, Server = server, NotVisible = look.NotVisible };
        if (parts.HasFlag(StatsParts.Totals))
        {
            stats = stats with { Totals = await TotalsQuery.FindAsync(look, cancellationToken).ConfigureAwait(false) };
        }

        if (parts.HasFlag(StatsParts.Tables))
        {
            stats = stats with { Tables = await TableQuery.FindAsync(look, cancellationToken).ConfigureAwait(false) };
        }

        if (parts.HasFlag(StatsParts.Indexes))
        {
            stats = stats with { Indexes = await IndexQuery.FindAsync(look, cancellationToken).ConfigureAwait(false) };
        }

        if (parts.HasFlag(StatsParts.Sessions))
        {
            var (sessions, prepared) = await SessionQuery.FindAsync(look, server, cancellationToken).ConfigureAwait(false);
            stats = stats with { Sessions = sessions, PreparedTransactions = prepared };
        }

        if (parts.HasFlag(StatsParts.Statements))
        {
            var (statements, resetAt) = await StatementQuery.FindAsync(look, server, cancellationToken).ConfigureAwait(false);
            stats = stats with { Statements = statements, StatementsResetAt = resetAt };
        }

        if (parts.HasFlag(StatsParts.Replication))
        {
            stats = stats with { Replication = await ReplicationQuery.FindAsync(look, server, cancellationToken).ConfigureAwait(false) };
        }

        return parts.HasFlag(StatsParts.Queue)
            ? stats with { Queue = await QueueQuery.FindAsync(look, clock, cancellationToken).ConfigureAwait(false) }
            : stats;
    }
}
