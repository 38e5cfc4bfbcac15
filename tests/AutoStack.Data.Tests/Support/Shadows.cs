using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// Objects that a role without rights can plant in <c>public</c> while everybody may create objects there: an operator for every pair of
/// types, and a function for every list of types, for which <c>pg_catalog</c> has no exact match. PostgreSQL prefers each of these objects
/// to an operator or function of its own that needs an implicit cast.
/// </summary>
internal static class Shadows
{
    /// <summary>The owner of the planted objects. The role stays on the server because several databases may hold its objects.</summary>
    public const string Intruder = "autostack_test_intruder";

    /// <summary>Plants the shadows in the database of a superuser's connection.</summary>
    /// <param name="connection">The superuser's connection.</param>
    /// <param name="sql">The statements whose functions get shadows.</param>
    /// <param name="cancellationToken">Stops the planting.</param>
    /// <returns>The number of planted functions and operators.</returns>
    public static async Task<long> PlantAsync(NpgsqlConnection connection, IEnumerable<string> sql, CancellationToken cancellationToken)
    {
        var calls = sql.Where(text =>
            text.Contains('(', StringComparison.Ordinal) && !text.Contains('\0', StringComparison.Ordinal)).Distinct();
        await using var command = new NpgsqlCommand { Connection = connection, CommandTimeout = 300 };
        command.CommandText = Script.Replace(
            "{sql}", string.Join('\n', calls).Replace("'", "''", StringComparison.Ordinal), StringComparison.Ordinal);
        await command.ExecuteNonQueryAsync(cancellationToken);
        command.CommandText = $"""
            SELECT (SELECT pg_catalog.count(*) FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner WHERE r.rolname = '{Intruder}')
                + (SELECT pg_catalog.count(*) FROM pg_operator o JOIN pg_roles r ON r.oid = o.oprowner WHERE r.rolname = '{Intruder}')
            """;
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>True when a planted function was called, even by a transaction that was rolled back.</summary>
    public static async Task<bool> CalledAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand("SELECT c.is_called FROM public.captured c");
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    // A rollback does not reset a sequence. The functions are volatile, so that planning calls none of them.
    private const string Script = $$"""
        SET client_min_messages = error;
        SET search_path = pg_catalog;
        DO $role$
        BEGIN
            CREATE ROLE {{Intruder}};
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END
        $role$;
        GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC;
        SET SESSION AUTHORIZATION {{Intruder}};
        SET check_function_bodies = off;
        CREATE SEQUENCE public.captured;
        GRANT ALL ON SEQUENCE public.captured TO PUBLIC;
        DO $plant$
        DECLARE
            statements CONSTANT text := '{sql}';
            body CONSTANT text := 'LANGUAGE plpgsql AS $f$ BEGIN PERFORM pg_catalog.nextval(''public.captured''::pg_catalog.regclass); '
                || 'RAISE EXCEPTION ''captured''; END $f$';
            types CONSTANT regtype[] := ARRAY['varchar', 'text', 'bpchar', 'name', '"char"', 'int2', 'int4', 'int8', 'oid',
                'regclass', 'regproc', 'regnamespace', 'regrole', 'uuid', 'timestamp', 'timestamptz', 'interval', 'date', 'bool',
                'numeric', 'float8', 'jsonb', 'json', 'inet', 'uuid[]', 'text[]', 'varchar[]', 'name[]', 'int2[]', 'int4[]', 'int8[]',
                'oid[]', 'bool[]', 'timestamp[]', '"char"[]']::regtype[];
            strings CONSTANT regtype[] := ARRAY['varchar', 'text', 'name', 'int4', 'bool']::regtype[];
            common CONSTANT regtype[] := ARRAY['varchar', 'text', 'name', '"char"', 'int4', 'int8', 'oid', 'uuid', 'bool', 'timestamp',
                'timestamptz', 'text[]', 'uuid[]', 'jsonb']::regtype[];
            item record;
        BEGIN
            FOR item IN
                SELECT l, r, k.kind, k.returns
                FROM unnest(types) l
                CROSS JOIN unnest(types) r
                CROSS JOIN (VALUES ('bool', 'bool'), ('text', 'text'), ('jsonb', 'jsonb'), ('left', NULL)) k (kind, returns)
            LOOP
                EXECUTE format('CREATE FUNCTION public.shadow_%s(%s, %s) RETURNS %s %s', item.kind, item.l, item.r,
                    coalesce(item.returns, item.l::text), body);
            END LOOP;

            FOR item IN
                SELECT n.name, l, r,
                    CASE
                        WHEN n.name IN ('||', '->>', '#>>') THEN 'text'
                        WHEN n.name IN ('->', '#>') THEN 'jsonb'
                        WHEN n.name IN ('+', '-', '*', '/', '%', '^', '&', '|', '#') THEN 'left'
                        WHEN n.name IN ('<<', '>>') AND l IN ('int4'::regtype, 'int8'::regtype) THEN 'left'
                        ELSE 'bool'
                    END AS kind
                FROM (VALUES ('='), ('<>'), ('<'), ('<='), ('>'), ('>='), ('+'), ('-'), ('*'), ('/'), ('%'), ('^'), ('||'),
                    ('~~'), ('!~~'), ('~~*'), ('!~~*'), ('~'), ('!~'), ('~*'), ('!~*'), ('->'), ('->>'), ('#>'), ('#>>'),
                    ('@>'), ('<@'), ('?'), ('&&'), ('&'), ('|'), ('#'), ('<<'), ('>>'), ('^@'), ('@@')) n (name)
                CROSS JOIN unnest(types) l
                CROSS JOIN unnest(types) r
                WHERE NOT EXISTS (
                    SELECT FROM pg_operator o
                    WHERE o.oprname = n.name AND o.oprleft = l AND o.oprright = r AND o.oprnamespace = 'pg_catalog'::regnamespace)
            LOOP
                EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.shadow_%s)',
                    item.name, item.l, item.r, item.kind);
            END LOOP;

            FOR item IN
                SELECT f.name, a.arguments
                FROM (
                    SELECT DISTINCT m[1] AS name
                    FROM regexp_matches(statements, '([a-z_][a-z0-9_]*)\s*\(', 'g') m
                    WHERE EXISTS (SELECT FROM pg_proc p WHERE p.proname = m[1] AND p.pronamespace = 'pg_catalog'::regnamespace)
                ) f
                CROSS JOIN (
                    SELECT ARRAY[t1::oid] FROM unnest(types) t1
                    UNION ALL
                    SELECT ARRAY[t1::oid, t2::oid] FROM unnest(common) t1 CROSS JOIN unnest(common) t2
                    UNION ALL
                    SELECT ARRAY[t1::oid, t2::oid, t3::oid]
                    FROM unnest(strings) t1 CROSS JOIN unnest(strings) t2 CROSS JOIN unnest(strings) t3
                    UNION ALL
                    SELECT ARRAY[t1::oid, t2::oid, t3::oid, t4::oid]
                    FROM unnest(strings[1:2]) t1 CROSS JOIN unnest(strings[1:2]) t2
                    CROSS JOIN unnest(strings[1:2]) t3 CROSS JOIN unnest(strings[1:2]) t4
                ) a (arguments)
                WHERE NOT EXISTS (
                    SELECT FROM pg_proc p
                    WHERE p.proname = f.name AND p.pronamespace = 'pg_catalog'::regnamespace
                      AND p.proargtypes = array_to_string(a.arguments, ' ')::oidvector)
            LOOP
                EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s %s', item.name,
                    (SELECT string_agg(t::regtype::text, ', ' ORDER BY place) FROM unnest(item.arguments) WITH ORDINALITY u (t, place)),
                    item.arguments[1]::regtype, body);
            END LOOP;
        END
        $plant$;
        RESET SESSION AUTHORIZATION;
        RESET check_function_bodies;
        RESET search_path;
        """;
}
