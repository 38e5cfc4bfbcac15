using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// What would stop an adoption besides its rows and the rights of <see cref="Rights"/>: a standby, another encoding, names that are taken.
/// </summary>
internal static class AdoptionForecast
{
    /// <param name="connection">A session of the database.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="isAllowed">True when the role has the rights of <see cref="Rights"/>: others would follow from those.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public static async Task<IEnumerable<AdoptionObstacle>> FindAsync(
        NpgsqlConnection connection, AdoptionPlan plan, bool isAllowed, CancellationToken cancellationToken)
    {
        List<MigrationStep> steps = [.. plan.Changes.Select(change => change.Step), .. plan.Scripts.Select(script => script.Up)];
        if (steps.Count == 0)
        {
            return [];
        }

        var found = await Forecast.FindAsync(connection, steps, up: true, cancellationToken).ConfigureAwait(false);
        return found.Where(obstacle => obstacle.Kind switch
            {
                ObstacleKind.NoCreate or ObstacleKind.NotOwner => false,
                ObstacleKind.NoWrite or ObstacleKind.Extension => isAllowed,
                _ => true,
            })
            .Select(obstacle => new AdoptionObstacle(
                obstacle.Script ?? steps[0].FileName, obstacle.What.TrimEnd('.'), Query(obstacle), obstacle.Mend));
    }

    private static string Query(Obstacle obstacle) => obstacle.Kind switch
    {
        ObstacleKind.Standby => "SELECT pg_is_in_recovery()",
        ObstacleKind.ReadOnly =>
            "SELECT s.reset_val, s.source FROM pg_settings s WHERE s.name = 'default_transaction_read_only'",
        ObstacleKind.Encoding =>
            "SELECT pg_encoding_to_char(d.encoding) FROM pg_database d WHERE d.datname = current_database()",
        ObstacleKind.Extension =>
            $"SELECT a.name FROM pg_available_extensions a WHERE a.name IN ({Literals(obstacle)})",
        ObstacleKind.NoWrite =>
            $"SELECT current_user, has_table_privilege('public.schema_versions', 'INSERT')",
        _ => $"""
            SELECT 'relation' AS kind, c.oid::regclass::text AS name FROM pg_class c WHERE c.relname IN ({Literals(obstacle)})
            UNION ALL
            SELECT 'function', p.oid::regprocedure::text FROM pg_proc p WHERE p.proname IN ({Literals(obstacle)})
            UNION ALL
            SELECT 'trigger', t.tgname::text FROM pg_trigger t WHERE t.tgname IN ({Literals(obstacle)})
            UNION ALL
            SELECT 'constraint', c.conname::text FROM pg_constraint c WHERE c.conname IN ({Literals(obstacle)})
            """,
    };

    private static string Literals(Obstacle obstacle) => string.Join(", ", obstacle.Objects.Select(name =>
        SqlCopy.Of($"'{name[(name.LastIndexOf('.') + 1)..].Replace("'", "''", StringComparison.Ordinal)}'")));
}
