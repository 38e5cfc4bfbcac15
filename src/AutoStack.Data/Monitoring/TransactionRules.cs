using System.Globalization;

namespace AutoStack.Data.Monitoring;

/// <summary>Transactions that stay open, and the age of transaction ids.</summary>
internal static class TransactionRules
{
    // A claim with both limits took 1.3 ms instead of 0.6 after 30,000 claims under an open snapshot: docs/performance.md.
    private const long SlowingAge = 100_000;

    // The server stops writes about three million before 2^31.
    private const long DangerousAge = 1_500_000_000;

    public static IReadOnlyList<DoctorRule> All { get; } =
    [
        new("long-transaction", LongTransactions),
        new("prepared-transaction", Prepared),
        new("old-snapshot", Snapshots),
        new("freeze-age", FreezeAge),
    ];

    private static IEnumerable<Finding> LongTransactions(DoctorFacts facts) =>
        from session in facts.Stats.Sessions ?? []
        where session.DatabaseName == facts.Stats.Server.DatabaseName
            && session.TransactionSeconds >= facts.Options.LongTransaction.TotalSeconds
        select new Finding("long-transaction", Severity.Warning, $"pid {session.Pid}", string.Create(
            CultureInfo.InvariantCulture,
            $"The session {session.Pid} ({Of(session)}) has been in a transaction for {session.TransactionSeconds:0} s, {session.State}."))
        {
            Cost = "Its locks stay, vacuum removes no row that was deleted since its start, and claims with limits become slower.",
            Mend = "Find out which program it belongs to; then end the session.",
            Statement = DoctorRules.Call("pg_terminate_backend", session.Pid.ToString(CultureInfo.InvariantCulture)),
        };

    private static IEnumerable<Finding> Prepared(DoctorFacts facts) =>
        from transaction in facts.Stats.PreparedTransactions ?? []
        where transaction.Seconds >= facts.Options.LongTransaction.TotalSeconds
        select new Finding("prepared-transaction", Severity.Warning, transaction.Name, string.Create(
            CultureInfo.InvariantCulture,
            $"The prepared transaction {transaction.Name} of {transaction.Role} has been open for {transaction.Seconds:0} s."))
        {
            Cost = "It keeps its locks through restarts; vacuum removes no row that was deleted since. The library prepares none.",
            Mend = "Ask its transaction manager whether it was committed; then end it the same way.",
            Statement = $"ROLLBACK PREPARED '{transaction.Name.Replace("'", "''", StringComparison.Ordinal)}'",
        };

    private static IEnumerable<Finding> Snapshots(DoctorFacts facts)
    {
        var holders = (facts.Stats.Sessions ?? []).Where(s => s.XminAge is not null)
            .Select(s => (Who: $"the session {s.Pid} ({Of(s)})", Age: s.XminAge!.Value))
            .Concat((facts.Stats.PreparedTransactions ?? []).Select(p => (Who: $"the prepared transaction {p.Name}", Age: p.XminAge)))
            .Concat((facts.Stats.Replication?.Slots ?? []).Where(s => s.XminAge is not null)
                .Select(s => (Who: $"the replication slot {s.Name}", Age: s.XminAge!.Value)))
            .OrderByDescending(holder => holder.Age)
            .ToList();
        if (holders is [{ Age: >= SlowingAge } oldest, ..])
        {
            yield return new Finding("old-snapshot", Severity.Warning, oldest.Who, string.Create(
                CultureInfo.InvariantCulture, $"The oldest snapshot, of {oldest.Who}, is {oldest.Age} transactions old."))
            {
                Cost = "Vacuum removes no row that was deleted since; a claim with both limits took 1.3 ms instead of 0.6 after "
                    + "30,000 claims.",
                Mend = "End the transaction, or drop the slot, when it is no longer needed; autovacuum then catches up.",
            };
        }
    }

    private static IEnumerable<Finding> FreezeAge(DoctorFacts facts)
    {
        var (age, limit) = (facts.Stats.Totals?.FreezeAge ?? 0, facts.Number("autovacuum_freeze_max_age") ?? 200_000_000);
        if (age >= Math.Min(DangerousAge, limit * 2))
        {
            var worst = (facts.Stats.Tables ?? []).MaxBy(table => table.FreezeAge);
            var there = worst is null ? "" : string.Create(
                CultureInfo.InvariantCulture, $"; the oldest table here is {worst.Schema}.{worst.Name}, with {worst.FreezeAge}");
            yield return new Finding("freeze-age", age >= DangerousAge ? Severity.Error : Severity.Warning, "database", string.Create(
                CultureInfo.InvariantCulture,
                $"The oldest transaction id is {age} transactions old; autovacuum should have frozen it at {limit}{there}."))
            {
                Cost = "At two thousand million the server refuses every write until a vacuum has finished.",
                Mend = "Find what keeps vacuum from freezing (old-snapshot, prepared-transaction, autovacuum-off), then freeze.",
                Statement = "VACUUM (FREEZE)",
            };
        }
    }

    private static string Of(SessionStats session) => session.Application.Length > 0 ? session.Application : session.Role ?? "no name";
}
