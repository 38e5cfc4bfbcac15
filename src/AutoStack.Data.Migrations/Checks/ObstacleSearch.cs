using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Finds what would make a proposed statement fail, so that the check reports it instead: rows that violate a constraint, objects that
/// depend on a column. Reads rows only for such a difference, and for a limited time.
/// </summary>
internal sealed class ObstacleSearch(NpgsqlConnection connection, NpgsqlTransaction transaction, Catalog expected, Catalog found)
{
    private const string Savepoint = "obstacle";
    private const string MaxTime = "5s";
    private const string Drop = "drop";

    /// <summary>The differences, those with an obstacle without statements.</summary>
    public async Task<IReadOnlyList<SchemaDifference>> RunAsync(
        IReadOnlyList<SchemaDifference> differences, CancellationToken cancellationToken)
    {
        var result = new List<SchemaDifference>();
        foreach (var difference in differences)
        {
            result.Add(difference.Repairs.Count == 0 ? difference : await SearchAsync(difference, cancellationToken).ConfigureAwait(false));
        }

        return UnmetNeeds.Without(result);
    }

    private async Task<SchemaDifference> SearchAsync(SchemaDifference difference, CancellationToken cancellationToken)
    {
        var obstacles = new List<RepairObstacle>();
        var unread = false;
        foreach (var rows in RowObstacle.Of(difference, found, connection.PostgreSqlVersion.Major))
        {
            var count = await CountAsync(rows, cancellationToken).ConfigureAwait(false);
            unread |= count is null;
            if (count > 0)
            {
                obstacles.Add(rows.Describe(count.Value));
            }
        }

        if (NeedsColumn(difference) is var (table, column, sql))
        {
            if (sql != Drop && obstacles.Count == 0)
            {
                (difference, var obstacle) = await ConvertAsync(difference, cancellationToken).ConfigureAwait(false);
                obstacles.AddRange(obstacle is null ? [] : [obstacle]);
            }

            obstacles.AddRange((await ReadDependentsAsync(table, column, sql, cancellationToken).ConfigureAwait(false))
                .Where(dependent => !IsOwnTrigger(table, dependent))
                .Select(dependent => new RepairObstacle(Visible.Text(
                    $"The {dependent.Kind} {dependent.Name} uses column {table}.{column}, and the server refuses to {sql} it. Drop the " +
                    $"{dependent.Kind} and create it anew afterwards."))));
        }

        if (difference.Kind == SchemaObjectKind.Extension && difference.Found is null
            && await ReadExtensionAsync(difference.Name, cancellationToken).ConfigureAwait(false) is { } missing)
        {
            obstacles.Add(new RepairObstacle(missing));
        }

        if (await NameSearch.FindAsync(connection, difference, expected, found, cancellationToken).ConfigureAwait(false) is { } taken)
        {
            obstacles.Add(taken);
        }

        return obstacles.Count > 0 ? difference with { Repairs = [], Obstacles = obstacles }
            : unread ? difference with { Message = difference.Message + " Whether rows are in the way could not be read." }
            : difference;
    }

    // A change of type loses data until the rows, or the types alone, prove the opposite.
    private async Task<(SchemaDifference Difference, RepairObstacle? Obstacle)> ConvertAsync(
        SchemaDifference difference, CancellationToken cancellationToken)
    {
        var (table, name) = (difference.Name.Split('.')[0], difference.Name.Split('.')[1]);
        if (found.Find(new CatalogObject(SchemaObjectKind.Column, table, name, "")) is not { } column)
        {
            return (difference, null);
        }

        var to = (column with { Definition = difference.Expected! }).Column().Type;
        var conversion = await new ConversionProof(connection, transaction, MaxTime).RunAsync(table, column, to, cancellationToken)
            .ConfigureAwait(false);
        return (difference with
        {
            Message = difference.Message
                + (conversion.KeepsValues ? "" : conversion.IsRead ? " The conversion changes values: they are not what they were when " +
                    "converted back." : " That the conversion keeps every value is not proven.")
                + (conversion.FreesDomain ? $" What its domain refuses is refused no longer." : ""),
            Repairs =
            [
                .. difference.Repairs.Select(repair => repair with
                {
                    LosesData = !conversion.KeepsValues,
                    LosesSecurity = repair.LosesSecurity || conversion.FreesDomain,
                }),
            ],
        }, conversion.Obstacle);
    }

    // Null when the rows cannot be read: too many for the time, or not allowed. Policies would hide rows, and run code.
    private async Task<long?> CountAsync(RowObstacle rows, CancellationToken cancellationToken)
    {
        await transaction.SaveAsync(Savepoint, cancellationToken).ConfigureAwait(false);
        long? count = null;
        try
        {
            using var command = new NpgsqlCommand(
                $"SET LOCAL row_security = off; SET LOCAL statement_timeout = '{MaxTime}'; " +
                $"SELECT count(*) FROM (SELECT FROM ({rows.Query}) q LIMIT {RowObstacle.MaxCounted + 1}) r",
                connection, transaction);
            count = (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }
        catch (PostgresException) when (!cancellationToken.IsCancellationRequested)
        {
            // The statement will tell.
        }

        await transaction.RollbackAsync(Savepoint, cancellationToken).ConfigureAwait(false);
        return count;
    }

    private static (string Table, string Column, string Verb)? NeedsColumn(SchemaDifference difference) =>
        difference.Kind != SchemaObjectKind.Column || difference.Found is null
        || difference.Name.IndexOf('.', StringComparison.Ordinal) is not (> 0 and var dot) ? null
        : difference.Expected is null ? (difference.Name[..dot], difference.Name[(dot + 1)..], Drop)
        : difference.Statements.Any(s => s.Contains(" TYPE ", StringComparison.Ordinal))
            ? (difference.Name[..dot], difference.Name[(dot + 1)..], "change the type of")
        : null;

    // The statement itself drops and creates the triggers of the schema.
    private bool IsOwnTrigger(string table, (string Kind, string Name) dependent) => dependent.Kind == "trigger"
        && expected.Find(new CatalogObject(SchemaObjectKind.Trigger, table, dependent.Name, "")) is { } own
        && found.Find(own)?.Definition == own.Definition;

    private async Task<IReadOnlyList<(string Kind, string Name)>> ReadDependentsAsync(
        string table, string column, string verb, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            WITH dependent AS (
                SELECT d.classid, d.objid, a.attrelid, a.attnum
                FROM pg_attribute a
                JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
                WHERE a.attrelid = to_regclass(format('public.%I', @table)) AND a.attname = @column
            )
            SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'rule' END,
                CASE WHEN c.relkind IN ('v', 'm') THEN c.oid::regclass::text
                    ELSE format('%I of table %s', r.rulename, c.oid::regclass) END
            FROM dependent d
            JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
            JOIN pg_class c ON c.oid = r.ev_class
            UNION
            SELECT 'foreign key', format('%s.%I', k.conrelid::regclass, k.conname)
            FROM pg_attribute a
            JOIN pg_constraint k ON k.contype = 'f' AND k.confrelid = a.attrelid AND a.attnum = ANY (k.confkey)
            WHERE @verb = 'drop' AND a.attrelid = to_regclass(format('public.%I', @table)) AND a.attname = @column
              AND NOT (k.conrelid = a.attrelid AND a.attnum = ANY (k.conkey))
            UNION
            SELECT 'policy', p.polname::text
            FROM dependent d
            JOIN pg_policy p ON d.classid = 'pg_policy'::regclass AND p.oid = d.objid
            UNION
            SELECT 'trigger', t.tgname::text
            FROM dependent d
            JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid AND NOT t.tgisinternal
            UNION
            SELECT 'function', p.oid::regprocedure::text
            FROM dependent d
            JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
            UNION
            SELECT 'publication', p.pubname::text
            FROM dependent d
            JOIN pg_publication_rel pr ON d.classid = 'pg_publication_rel'::regclass AND pr.oid = d.objid
            JOIN pg_publication p ON p.oid = pr.prpubid
            UNION
            SELECT 'generated column', a.attname::text
            FROM dependent d
            JOIN pg_attribute a ON a.attrelid = d.attrelid AND a.attgenerated <> '' AND a.attnum <> d.attnum
            WHERE d.classid = 'pg_attrdef'::regclass
              AND EXISTS (SELECT FROM pg_attrdef f WHERE f.oid = d.objid AND f.adrelid = a.attrelid AND f.adnum = a.attnum)
               OR d.classid = 'pg_class'::regclass AND d.objid = a.attrelid
              AND EXISTS (
                  SELECT FROM pg_depend g
                  WHERE g.classid = 'pg_class'::regclass AND g.objid = a.attrelid AND g.objsubid = a.attnum
                    AND g.refobjid = d.attrelid AND g.refobjsubid = d.attnum)
            ORDER BY 1, 2
            """, connection, transaction);
        command.Parameters.AddWithValue("table", table);
        command.Parameters.AddWithValue("column", column);
        command.Parameters.AddWithValue("verb", verb);
        return await command.ListAsync(reader => (reader.GetString(0), reader.GetString(1)), cancellationToken).ConfigureAwait(false);
    }

    private async Task<string?> ReadExtensionAsync(string name, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT CASE
                WHEN NOT EXISTS (SELECT FROM pg_available_extensions e WHERE e.name = @name)
                    THEN format('The server does not have the files of the extension %s: install them.', @name)
                WHEN @name = 'uuid-ossp' AND to_regprocedure('public.uuid_generate_v4()') IS NOT NULL
                    THEN 'A function public.uuid_generate_v4() exists that is not the extension''s: the extension cannot create its own. '
                        || 'Find out who created it, and drop or rename it.'
            END
            """, connection, transaction);
        command.Parameters.AddWithValue("name", name);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as string;
    }
}
