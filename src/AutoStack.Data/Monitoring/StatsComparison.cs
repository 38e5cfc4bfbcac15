using System.Globalization;

namespace AutoStack.Data.Monitoring;

/// <summary>
/// Compares two looks. A counter that became smaller was reset, also where the server does not say so: a table that was made anew, a crash,
/// a failover to a standby with counters of its own.
/// </summary>
internal static class StatsComparison
{
    public static StatsChange Between(DatabaseStats earlier, DatabaseStats later)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        if (earlier.Server.DatabaseName != later.Server.DatabaseName || earlier.Server.DatabaseId != later.Server.DatabaseId)
        {
            throw new ArgumentException(
                $"The earlier look is of another database: {earlier.Server.DatabaseName} ({earlier.Server.DatabaseId}), not " +
                $"{later.Server.DatabaseName} ({later.Server.DatabaseId}).",
                nameof(earlier));
        }

        if (earlier.At > later.At)
        {
            throw new ArgumentException(
                string.Create(
                    CultureInfo.InvariantCulture, $"The earlier look, of {earlier.At:u}, is later than this one, of {later.At:u}."),
                nameof(earlier));
        }

        var resets = new List<string>();
        if (earlier.Server.StartedAt != later.Server.StartedAt)
        {
            resets.Add(string.Create(
                CultureInfo.InvariantCulture, $"The server was started at {later.Server.StartedAt:u}, or another one has taken over."));
        }

        return new StatsChange
        {
            Seconds = (later.At - earlier.At).TotalSeconds,
            Totals = Both(earlier.Totals, later.Totals, (a, b) => Of(a, b, resets)),
            Checkpoints = Both(earlier.Totals, later.Totals, (a, b) => Checkpoints(a, b, resets)),
            Tables = Matched(earlier.Tables, later.Tables, t => (t.Schema, t.Name), Of),
            Indexes = Matched(earlier.Indexes, later.Indexes, i => (i.Schema, i.Name), Of),
            Statements = Statements(earlier, later, resets),
            Resets = resets,
        };
    }

    private static TotalsChange? Of(DatabaseTotals a, DatabaseTotals b, List<string> resets)
    {
        if (a.ResetAt != b.ResetAt || b.Commits < a.Commits || b.BlocksHit < a.BlocksHit)
        {
            resets.Add(Reset("The statistics of the database were reset", b.ResetAt));
            return null;
        }

        return new TotalsChange(
            b.Bytes - a.Bytes,
            b.Commits - a.Commits,
            b.Rollbacks - a.Rollbacks,
            b.Deadlocks - a.Deadlocks,
            b.TempBytes - a.TempBytes,
            Share.Of(b.BlocksHit - a.BlocksHit, b.BlocksRead - a.BlocksRead));
    }

    private static CheckpointChange? Checkpoints(DatabaseTotals a, DatabaseTotals b, List<string> resets)
    {
        if (a.CheckpointsResetAt != b.CheckpointsResetAt || a.WalResetAt != b.WalResetAt || b.WalBytes < a.WalBytes
            || b.TimedCheckpoints < a.TimedCheckpoints)
        {
            resets.Add(Reset("The statistics of checkpoints and WAL were reset", b.WalResetAt ?? b.CheckpointsResetAt));
            return null;
        }

        return new CheckpointChange(
            b.TimedCheckpoints - a.TimedCheckpoints, b.RequestedCheckpoints - a.RequestedCheckpoints, b.WalBytes - a.WalBytes);
    }

    private static TableChange Of(TableStats a, TableStats b)
    {
        var counts = b.Inserted >= a.Inserted && b.Updated >= a.Updated && b.Deleted >= a.Deleted
            && b.SequentialScans >= a.SequentialScans;
        return new TableChange(
            b.Schema,
            b.Name,
            b.TotalBytes - a.TotalBytes,
            counts ? b.Inserted - a.Inserted : null,
            counts ? b.Updated - a.Updated : null,
            counts ? b.Deleted - a.Deleted : null,
            counts ? b.SequentialScans - a.SequentialScans : null);
    }

    private static IndexChange Of(IndexStats a, IndexStats b) =>
        new(b.Schema, b.Name, b.Bytes - a.Bytes, b.Scans >= a.Scans ? b.Scans - a.Scans : null);

    private static List<StatementChange> Statements(DatabaseStats earlier, DatabaseStats later, List<string> resets)
    {
        if (earlier.Statements is null || later.Statements is null)
        {
            return [];
        }

        if (earlier.StatementsResetAt != later.StatementsResetAt)
        {
            resets.Add(Reset("pg_stat_statements was reset", later.StatementsResetAt));
            return [];
        }

        // A statement that is not in the earlier look may have run before, below its limit: what it did since is not known.
        return [.. Matched(earlier.Statements, later.Statements, s => (s.QueryId, s.Role), (a, b) =>
                new StatementChange(b.QueryId, b.Role, b.Operation, b.Text, b.Calls - a.Calls, b.TotalMs - a.TotalMs))
            .Where(s => s.Calls > 0)
            .OrderByDescending(s => s.TotalMs)];
    }

    private static string Reset(string what, DateTimeOffset? at) =>
        at is null ? $"{what}." : string.Create(CultureInfo.InvariantCulture, $"{what} at {at:u}.");

    private static TResult? Both<T, TResult>(T? earlier, T? later, Func<T, T, TResult?> compare)
        where T : class
        where TResult : class => earlier is null || later is null ? null : compare(earlier, later);

    private static List<TResult> Matched<T, TKey, TResult>(
        IReadOnlyList<T>? earlier, IReadOnlyList<T>? later, Func<T, TKey> key, Func<T, T, TResult> compare)
        where TKey : notnull
    {
        // Several entries of pg_stat_statements may share id and role, for example inside and outside of functions.
        var before = (earlier ?? []).GroupBy(key).ToDictionary(group => group.Key, group => group.First());
        return [.. (later ?? []).DistinctBy(key).Where(row => before.ContainsKey(key(row))).Select(row => compare(before[key(row)], row))];
    }
}
