namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The identity and generated columns of tables that a feature replaces by a copy. The copy has the columns without what fills them: an
/// identity column then refuses every row, and a generated column is NULL. The functions of the features that list obstacles are created
/// by the first script of the feature, so that the columns are looked for here, before any script runs.
/// </summary>
internal static class ComputedColumnForecast
{
    private static readonly Dictionary<string, string> CopiedTables = new(StringComparer.Ordinal)
    {
        ["log-partitions/0003_partition_deployment_logs.sql"] = "deployment_logs",
        ["log-partitions/0004_partition_deployment_runtime_logs.sql"] = "deployment_runtime_logs",
        ["log-partitions/0005_partition_deployment_health_checks.sql"] = "deployment_health_checks",
        ["timescale/0002_create_health_check_hypertable.sql"] = "deployment_health_checks",
    };

    /// <param name="found">Receives the obstacles.</param>
    /// <param name="steps">The scripts of an upgrade.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public static async Task FindAsync(ObstacleList found, IReadOnlyList<MigrationStep> steps, CancellationToken cancellationToken)
    {
        var copies = steps.Where(step => CopiedTables.ContainsKey(step.FileName)).ToList();
        if (copies.Count == 0)
        {
            return;
        }

        var columns = await found.Facts.ReadComputedColumnsAsync(
            copies.Select(step => CopiedTables[step.FileName]).Distinct(), cancellationToken).ConfigureAwait(false);
        foreach (var step in copies)
        {
            foreach (var column in columns.Where(column => column.Table == CopiedTables[step.FileName]))
            {
                found.Add(found.Plan.StartOf(step), ObstacleKind.ComputedColumn, step.FileName, What(column), Mend(column),
                    [$"{column.Table}.{column.Name}"]);
            }
        }
    }

    private static string What(CatalogFacts.ComputedColumn column)
    {
        var name = Visible.Text($"{column.Table}.{column.Name}");
        return column.IsIdentity
            ? $"{name} is an identity column: the table that replaces {column.Table} would not number it, and would refuse every row."
            : $"{name} is a generated column: the table that replaces {column.Table} would not compute it.";
    }

    private static string Mend(CatalogFacts.ComputedColumn column)
    {
        var (table, name) = (Names.Sql("public", column.Table), Names.Sql(column.Name));
        var sequence = Names.Sql("public", $"{column.Table}_{column.Name}_numbers");
        return column.IsIdentity
            ? $"Number it by a default, which is kept: BEGIN; ALTER TABLE {table} ALTER COLUMN {name} DROP IDENTITY; " +
                $"CREATE SEQUENCE {sequence}; SELECT setval({Literal(sequence)}, max({name})) FROM {table}; " +
                $"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT nextval({Literal(sequence)}); COMMIT;"
            : $"Drop it, and compute the value in queries: ALTER TABLE {table} DROP COLUMN {name};";
    }

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
