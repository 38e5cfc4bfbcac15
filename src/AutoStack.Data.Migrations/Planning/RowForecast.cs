using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Finds the rows that a script of an upgrade would refuse: duplicates of a key, and missing values. An upgrade that stopped there would
/// leave a constraint that refuses changes of exactly these rows.
/// </summary>
internal static class RowForecast
{
    /// <param name="connection">A session without a transaction.</param>
    /// <param name="plan">The plan; only the package's own scripts are judged.</param>
    /// <param name="showValues">Whether errors may quote values of rows.</param>
    /// <param name="cancellationToken">Cancels the queries, which read whole tables.</param>
    public static async Task<IReadOnlyList<Obstacle>> FindAsync(
        NpgsqlConnection connection, MigrationPlan plan, bool showValues, CancellationToken cancellationToken)
    {
        List<MigrationScript> scripts = plan.IsDowngrade ? [] : [.. plan.Scripts.Where(MigrationScript.Embedded.Contains)];
        if (scripts.Count == 0)
        {
            return [];
        }

        // Only the tables of the recorded version have rows to check. Another program may have a table whose name a later script takes.
        var there = Catalog.Expected(plan.Sets.First(set => set.Set == ScriptSet.CoreName).FromVersion);
        if (!scripts.SelectMany(script => RowCheck.Of(script, there)).Any())
        {
            return [];
        }

        var found = await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        found = new Catalog([.. found.Objects.Where(o => there.HasTable(o.Table))]);
        var obstacles = new List<Obstacle>();
        foreach (var check in scripts.SelectMany(script => RowCheck.Of(script, found)))
        {
            if (await RunAsync(connection, check, showValues, cancellationToken).ConfigureAwait(false) is { } rows)
            {
                obstacles.Add(new Obstacle(ObstacleKind.Rows, rows.Before, $"{rows.What}.",
                    $"{OneLine(rows.Hint)} They are: {OneLine(rows.Query)};", []));
            }
        }

        return obstacles;
    }

    // A policy would hide rows and run code. What this role cannot read is left to the script.
    private static async Task<RowCheck?> RunAsync(
        NpgsqlConnection connection, RowCheck check, bool showValues, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        using var prepare = new NpgsqlCommand("SET LOCAL row_security = off; SET LOCAL statement_timeout = 0", connection, transaction);
        await prepare.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await check.RunAsync(connection, showValues, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState != PostgresErrorCodes.LockNotAvailable)
        {
            return null;
        }
    }

    private static string OneLine(string text) =>
        string.Join(' ', text.Split('\n').Select(line => line.TrimStart('-', ' ').TrimEnd()));
}
