using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Which constraint of a script is being validated. The server has no view for it; the locks of the script's transaction show which
/// tables it has reached.
/// </summary>
internal sealed class ValidationProgress : IProgressSource
{
    private readonly int processId;
    private readonly IReadOnlyList<(string Table, string Constraint)> validated;

    /// <param name="processId">The server process that runs the script.</param>
    /// <param name="step">The script.</param>
    public ValidationProgress(int processId, MigrationStep step) =>
        (this.processId, validated) = (processId, [.. step.Statements.SelectMany(Of)]);

    public async Task<StepProgress?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (validated.Count == 0)
        {
            return null;
        }

        using var command = new NpgsqlCommand("""
            SELECT DISTINCT CASE s.nspname WHEN 'public' THEN c.relname::text ELSE s.nspname || '.' || c.relname END
            FROM pg_locks l
            JOIN pg_class c ON c.oid = l.relation
            JOIN pg_namespace s ON s.oid = c.relnamespace
            WHERE l.pid = @pid AND l.granted AND l.mode IN ('ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock')
              AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
            """, connection);
        command.Parameters.AddWithValue("pid", processId);
        HashSet<string> locked = [.. await command.ListAsync(row => row.GetString(0), cancellationToken).ConfigureAwait(false)];

        // The last table that is locked; of several constraints of one table the first, since more is not known.
        var last = validated.Index().LastOrDefault(v => locked.Contains(v.Item.Table), (Index: -1, Item: default)).Index;
        if (last < 0)
        {
            return null;
        }

        var current = validated.Index().First(v => v.Item.Table == validated[last].Table);
        return new StepProgress("", TimeSpan.Zero,
            Visible.Text($"validating constraint {current.Item.Constraint} of {current.Item.Table}"))
        {
            Done = current.Index,
            Total = validated.Count,
            Unit = "constraints",
        };
    }

    private static IEnumerable<(string Table, string Constraint)> Of(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (!cursor.Take("ALTER TABLE"))
        {
            yield break;
        }

        cursor.Take("IF EXISTS");
        cursor.Take("ONLY");
        if (cursor.TakeName() is not { } table)
        {
            yield break;
        }

        foreach (var action in cursor.Items())
        {
            if (action.Take("VALIDATE CONSTRAINT") && action.TakeName() is { } constraint)
            {
                yield return (table, constraint);
            }
        }
    }
}
