using System.Globalization;
using System.Text;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Renders a plan for psql, which then leaves the database as the migrator itself would.</summary>
internal static class PsqlScript
{
    public static string Of(MigrationPlan plan)
    {
        if (plan.Scripts.Count == 0)
        {
            return $"-- Already at version {plan.FromVersion}, nothing to do.\n";
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            -- AutoStack schema, version {plan.FromVersion} to {plan.ToVersion}: psql -X -v ON_ERROR_STOP=1 -f this-file
            \set ON_ERROR_STOP on
            \set AUTOCOMMIT on
            \encoding UTF8
            SET statement_timeout = '0';

            -- A wait of psql for the lock would block concurrent index builds of the holder: the script gives up instead.
            DO $$
            BEGIN
                IF NOT pg_catalog.pg_try_advisory_lock({MigrationLock.Key}) THEN
                    RAISE 'Another migrator holds the lock of this database. Nothing was changed.' USING ERRCODE = 'lock_not_available';
                END IF;
                PERFORM pg_catalog.set_config('search_path', (
                    {SearchPath.OfScripts.Replace("\n", "\n        ", StringComparison.Ordinal)}), false);
            END
            $$;

            DO $$
            DECLARE
                applied int := 0;
                newest int := 0;
            BEGIN
                IF pg_catalog.to_regclass('public.schema_versions') IS NOT NULL THEN
                    SELECT pg_catalog.count(*), coalesce(pg_catalog.max(version), 0) INTO applied, newest FROM public.schema_versions;
                END IF;
                IF applied <> {plan.FromVersion} OR newest <> {plan.FromVersion} THEN
                    RAISE 'This script is for a database at version {plan.FromVersion}, this one is at %. Nothing was changed.', newest;
                END IF;
            END
            $$;

            """);
        if (plan.FromVersion == 0)
        {
            text.Append('\n').Append(VersionJournal.TableSql).Append(";\n");
        }

        foreach (var script in plan.Scripts)
        {
            Append(text, script, plan.StepOf(script), up: !plan.IsDowngrade);
        }

        text.Append(CultureInfo.InvariantCulture, $"""

            DO $$
            BEGIN
                PERFORM pg_catalog.pg_advisory_unlock({MigrationLock.Key});
            END
            $$;
            RESET lock_timeout;
            RESET statement_timeout;
            RESET search_path;

            """);

        // This source file may have other line ends; the scripts have LF.
        return text.Replace("\r\n", "\n").ToString();
    }

    private static void Append(StringBuilder text, MigrationScript script, MigrationStep step, bool up)
    {
        text.Append(CultureInfo.InvariantCulture, $"""

            \echo {step.FileName}
            SET lock_timeout = '{step.LockTimeout}';
            SET statement_timeout = '{step.StatementTimeout}';

            """);
        if (step.ConcurrentIndex is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                SELECT pg_catalog.format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass)
                FROM pg_catalog.pg_index
                WHERE indexrelid = pg_catalog.to_regclass('public.{step.ConcurrentIndex}')::oid AND NOT indisvalid
                \gexec

                """);
        }

        text.Append(step.Transactional ? "BEGIN;\n" : "").Append(step.Sql).Append(EndOfStatement(step.Sql))
            .Append(VersionJournal.RecordSql(script, up)).Append(";\n").Append(step.Transactional ? "COMMIT;\n" : "");
    }

    // A script's last statement may lack its semicolon. An extra one is harmless, so a last line with a comment gets one, too.
    private static string EndOfStatement(string sql)
    {
        var end = sql.TrimEnd();
        var lastLine = end[(end.LastIndexOf('\n') + 1)..];
        return end.EndsWith(';') && !lastLine.Contains("--", StringComparison.Ordinal) ? sql.EndsWith('\n') ? "" : "\n" : "\n;\n";
    }
}
