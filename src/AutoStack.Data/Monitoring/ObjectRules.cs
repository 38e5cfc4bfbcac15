using System.Globalization;

namespace AutoStack.Data.Monitoring;

/// <summary>Indexes, sequences, and how tables are vacuumed.</summary>
internal static class ObjectRules
{
    // Below, 20 % of a table are few rows.
    private const double LargeTable = 1_000_000;
    private const long ManyDeadRows = 50_000;

    // Parameters that suit each hot table: what is inserted and never updated, and what is updated all the time.
    private const string Updated = "autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02";

    private static readonly (string Table, string Why, string Parameters)[] Hot =
    [
        ("public.deployment_logs", "lines are only inserted, and removed in bulk",
            Updated + ", autovacuum_vacuum_insert_scale_factor = 0.05"),
        ("public.deployments", "each deployment is updated many times", Updated),
        ("public.sessions", "each sign-in and rotation writes a row", Updated),
    ];

    public static IReadOnlyList<DoctorRule> All { get; } =
    [
        new("invalid-index", facts => (facts.Stats.Indexes ?? []).Where(index => !index.IsValid).Select(index =>
            new Finding("invalid-index", Severity.Warning, $"{index.Schema}.{index.Name}",
                $"The index {index.Schema}.{index.Name} of {index.Table} is invalid.")
            {
                Cost = "Every write maintains the index, and no query uses it; a unique index does not check older rows.",
                Mend = "Rebuild the index; ignore the finding while CREATE INDEX CONCURRENTLY runs.",
                Statement = $"REINDEX INDEX CONCURRENTLY {DoctorRules.Quoted(index.Schema)}.{DoctorRules.Quoted(index.Name)}",
            })),
        new("sequence-exhausted", Sequences),
        new("table-autovacuum-off", facts => facts.Tables
            .Where(table => table.Parameter("autovacuum_enabled") is { } value && value is "false" or "off" or "no" or "0")
            .Select(table => new Finding("table-autovacuum-off", Severity.Warning, table.Name, $"Autovacuum is off for {table.Name}.")
            {
                Cost = "Dead rows stay, statistics become old, and only the emergency vacuum freezes the table.",
                Mend = "Turn the setting on.",
                Statement = $"ALTER TABLE {table.QuotedName} RESET (autovacuum_enabled)",
            })),
        new("hot-table-autovacuum", HotTables),
        new("dead-rows", DeadRows),
        new("never-analyzed", facts => facts.Tables.Where(table => table.Rows < 0).Join(
            (facts.Stats.Tables ?? []).Where(t => t is { LastAnalyze: null, LiveRows: >= 10_000 }),
            table => table.Name,
            t => $"{t.Schema}.{t.Name}",
            (table, t) => new Finding("never-analyzed", Severity.Warning, table.Name, string.Create(
                CultureInfo.InvariantCulture, $"The table {table.Name} has {t.LiveRows} rows and was never analyzed."))
            {
                Cost = "Plans are guesses: a statement may read the table whole where an index would find one row.",
                Mend = "Analyze the table.",
                Statement = $"ANALYZE {table.QuotedName}",
            })),
    ];

    private static IEnumerable<Finding> Sequences(DoctorFacts facts) =>
        from sequence in facts.Sequences
        let used = (double)sequence.Last / sequence.Largest
        where used > 0.8
        select new Finding("sequence-exhausted", used > 0.95 ? Severity.Error : Severity.Warning, sequence.Name, string.Create(
            CultureInfo.InvariantCulture, $"The sequence {sequence.Name} is at {sequence.Last} of {sequence.Largest}, {used * 100:0} %."))
        {
            Cost = "When the sequence is exhausted, every insert fails.",
            Mend = "Change the column and the sequence to bigint; the change rewrites the table.",
        };

    private static IEnumerable<Finding> HotTables(DoctorFacts facts) =>
        from hot in Hot
        from table in facts.Tables
        where table.Name == hot.Table && table.Rows >= LargeTable && table.Parameter("autovacuum_vacuum_scale_factor") is null
        select new Finding("hot-table-autovacuum", Severity.Warning, table.Name, string.Create(
            CultureInfo.InvariantCulture,
            $"{table.Name} has about {table.Rows:0} rows, and is vacuumed when a fifth of them is dead ({hot.Why})."))
        {
            Cost = "Vacuum runs late and takes long; until then the space is not reused, and index-only scans visit the table.",
            Mend = "Let vacuum run at 2 %.",
            Statement = $"ALTER TABLE {table.QuotedName} SET ({hot.Parameters})",
        };

    private static IEnumerable<Finding> DeadRows(DoctorFacts facts) =>
        from table in facts.Stats.Tables ?? []
        where table.DeadRows >= ManyDeadRows && table.DeadRows * 5L > table.LiveRows * 2L
        select new Finding("dead-rows", Severity.Warning, $"{table.Schema}.{table.Name}", string.Create(
            CultureInfo.InvariantCulture,
            $"{table.Schema}.{table.Name} has {table.DeadRows} dead rows beside {table.LiveRows} live ones (estimates)."))
        {
            Cost = "Scans read the dead rows, too, and the table grows.",
            Mend = "Find what keeps vacuum from removing the rows (long transactions, slots), then vacuum.",
            Statement = $"VACUUM (ANALYZE) {DoctorRules.Quoted(table.Schema)}.{DoctorRules.Quoted(table.Name)}",
        };
}
