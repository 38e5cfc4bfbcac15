using AutoStack.Data.Postgres;

namespace AutoStack.Data.Archives;

/// <summary>
/// The statements that make a table of an archive. Names of tables are no parameters: blocks of the server read them from settings of the
/// transaction, and quote them. Everything before the rename happens in a schema that no other transaction sees.
/// </summary>
internal static class RestoreSql
{
    /// <summary>What is at the place of a table: the comment, and whether it is a partition; no row for nothing.</summary>
    public static Statement Find(string schema, string table) => new("""
        SELECT pg_catalog.obj_description(c.oid, 'pg_class'), c.relispartition
        FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname::text = @schema AND c.relname::text = @name
        """, P.Text(schema), P.Text(table, name: "name"));

    /// <summary>The settings that the blocks read.</summary>
    /// <param name="schema">The schema of the table.</param>
    /// <param name="table">The name of the table.</param>
    /// <param name="columns">The columns with their types, as CREATE TABLE takes them.</param>
    /// <param name="like">The table that a partition is made like; empty for none.</param>
    /// <param name="comment">The comment of the table.</param>
    /// <param name="rows">The number of rows.</param>
    public static Statement Settings(string schema, string table, string columns, string like, string comment, string rows) => new($"""
        SELECT pg_catalog.set_config('autostack.restore_schema', @schema, TRUE),
            pg_catalog.set_config('autostack.restore_name', @name, TRUE),
            pg_catalog.set_config('autostack.restore_columns', @columns, TRUE),
            pg_catalog.set_config('autostack.restore_like', @like, TRUE),
            pg_catalog.set_config('autostack.restore_comment', @comment, TRUE),
            pg_catalog.set_config('autostack.restore_rows', @rows, TRUE),
            {ArchiveSql.Form}
        """,
        P.Text(schema), P.Text(table, name: "name"), P.Text(columns), P.Text(like), P.Text(comment), P.Text(rows));

    /// <summary>Creates the table. One restore of a database does so at a time.</summary>
    public static Statement Create() => new("""
        DO $do$
        DECLARE
            of_table text := pg_catalog.current_setting('autostack.restore_like');
            columns text := pg_catalog.current_setting('autostack.restore_columns');
            computed text;
        BEGIN
            PERFORM pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('autostack_restore', 0));
            IF EXISTS (
                SELECT
                FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname::text = pg_catalog.current_setting('autostack.restore_schema')
                    AND c.relname::text = pg_catalog.current_setting('autostack.restore_name'))
            THEN
                RAISE 'The table exists' USING ERRCODE = 'duplicate_table';
            END IF;
            CREATE SCHEMA autostack_restore;
            IF of_table = '' THEN
                EXECUTE pg_catalog.format('CREATE TABLE autostack_restore.archive (%s)', columns);
                RETURN;
            END IF;
            SELECT a.attname INTO computed
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = pg_catalog.format('public.%I', of_table)::regclass AND NOT a.attisdropped AND a.attgenerated <> '';
            IF computed IS NOT NULL THEN
                RAISE 'The column % of % is generated, and a restored partition has its values only; restore the archive as a table',
                    computed, of_table USING ERRCODE = 'datatype_mismatch';
            END IF;
            EXECUTE pg_catalog.format(
                'CREATE TABLE autostack_restore.archive (
                    LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION
                )', of_table);
            IF columns <> (
                SELECT pg_catalog.string_agg(
                    pg_catalog.format('"%s" %s', pg_catalog.replace(a.attname::text, '"', '""'),
                        pg_catalog.format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = 'autostack_restore.archive'::regclass AND a.attnum > 0)
            THEN
                RAISE 'The table has other columns than the archive' USING ERRCODE = 'datatype_mismatch';
            END IF;
        END
        $do$
        """);

    /// <summary>Copies the rows.</summary>
    public static Statement Copy() => new($"COPY autostack_restore.archive FROM STDIN ({ArchiveSql.Options})");

    /// <summary>Counts the rows, and puts the table in its place.</summary>
    public static Statement Finish() => new("""
        DO $do$
        DECLARE
            name text := pg_catalog.current_setting('autostack.restore_name');
        BEGIN
            IF (SELECT pg_catalog.count(*) FROM autostack_restore.archive)
                <> pg_catalog.current_setting('autostack.restore_rows')::bigint
            THEN
                RAISE 'The restored table has another number of rows than the archive' USING ERRCODE = 'data_corrupted';
            END IF;
            EXECUTE pg_catalog.format(
                'COMMENT ON TABLE autostack_restore.archive IS %L', pg_catalog.current_setting('autostack.restore_comment'));
            IF name <> 'archive' THEN
                EXECUTE pg_catalog.format('ALTER TABLE autostack_restore.archive RENAME TO %I', name);
            END IF;
            EXECUTE pg_catalog.format(
                'ALTER TABLE autostack_restore.%I SET SCHEMA %I', name, pg_catalog.current_setting('autostack.restore_schema'));
            DROP SCHEMA autostack_restore;
        END
        $do$
        """);

    /// <summary>Makes a restored table equal to a partition.</summary>
    public static Statement Prepare(string table, string partition, Guid lower, Guid upper) => new(
        "SELECT public.prepare_restored_log_partition(@name, @partition, @lower, @upper)",
        P.Text(table, name: "name"), P.Text(partition), P.Of(lower), P.Of(upper));

    /// <summary>Makes a partition of it; the number of rows that were left out.</summary>
    public static Statement Attach(string table, string partition, Guid lower, Guid upper) => new(
        "SELECT public.attach_restored_log_partition(@name, @partition, @lower, @upper)",
        P.Text(table, name: "name"), P.Text(partition), P.Of(lower), P.Of(upper));
}
