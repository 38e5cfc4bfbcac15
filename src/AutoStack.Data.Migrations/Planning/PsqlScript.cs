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
            return $"-- {(IsOne(plan) ? $"{plan.Sets[0].Set} is already" : "Already")} at version " +
                $"{(IsOne(plan) ? $"{plan.FromVersion}" : string.Join(", ", plan.Sets.Select(From)))}, nothing to do.\n";
        }

        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            -- AutoStack schema, version {string.Join(", ", plan.Sets.Where(IsMoved).Select(Way))}: psql -X -v ON_ERROR_STOP=1 -f this-file
            \set ON_ERROR_STOP on
            \set AUTOCOMMIT on
            \encoding UTF8
            SET statement_timeout = '0';

            -- A wait of psql for the lock would block concurrent index builds of the holder: the script gives up instead.
            DO $$
            BEGIN
                IF NOT (pg_catalog.pg_try_advisory_lock({MigrationLock.Key})
                    AND pg_catalog.pg_try_advisory_lock({LockedSession.WorkKey}))
                THEN
                    RAISE 'Another migrator holds the lock of this database. Nothing was changed.' USING ERRCODE = 'lock_not_available';
                END IF;
                PERFORM pg_catalog.set_config('search_path', (
                    {SearchPath.OfScripts.Replace("\n", "\n        ", StringComparison.Ordinal)}), false);
            END
            $$;

            {PlainTable.RefuseForeignJournalSql};

            """);
        foreach (var set in plan.Sets)
        {
            AppendCheck(text, set);
        }

        text.Append(CultureInfo.InvariantCulture, $"""

            DO $$
            BEGIN
                IF pg_catalog.to_regclass('public.schema_versions') IS NULL THEN
                    {VersionJournal.TableSql.Replace("\n", "\n        ", StringComparison.Ordinal)};
                END IF;
            END
            $$;

            {PlainTable.RefuseForeignJournalSql};

            {JournalShape.BringAlongSql};

            """);
        foreach (var script in plan.Scripts)
        {
            Append(text, script, plan.StepOf(script), up: !plan.IsDowngrade, plan.Reason);
        }

        text.Append(CultureInfo.InvariantCulture, $"""

            DO $$
            BEGIN
                PERFORM pg_catalog.pg_advisory_unlock({LockedSession.WorkKey});
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

    // A whole row as JSON, because the journal of an older tool has no column script_set.
    private static void AppendCheck(StringBuilder text, SetVersions set) => text.Append(CultureInfo.InvariantCulture, $"""

        DO $$
        DECLARE
            applied int := 0;
            newest int := 0;
        BEGIN
            IF pg_catalog.to_regclass('public.schema_versions') IS NOT NULL THEN
                SELECT pg_catalog.count(j.version), coalesce(pg_catalog.max(j.version), 0) INTO applied, newest
                FROM public.schema_versions j
                WHERE coalesce(pg_catalog.to_jsonb(j) OPERATOR(pg_catalog.->>) 'script_set', 'core') = '{set.Set}';
            END IF;
            IF applied <> {set.FromVersion} OR newest <> {set.FromVersion} THEN
                RAISE 'This script is for a database at version {From(set)}, this one is at %. Nothing was changed.', newest;
            END IF;
        END
        $$;

        """);

    private static string From(SetVersions set) => Named(set) + set.FromVersion.ToString(CultureInfo.InvariantCulture);

    private static string Way(SetVersions set) =>
        string.Create(CultureInfo.InvariantCulture, $"{Named(set)}{set.FromVersion} to {set.ToVersion}");

    private static bool IsOne(MigrationPlan plan) => plan.Sets is [{ Set: not ScriptSet.CoreName }];

    private static bool IsMoved(SetVersions set) => set.FromVersion != set.ToVersion || set.Set == ScriptSet.CoreName;

    private static string Named(SetVersions set) => set.Set == ScriptSet.CoreName ? "" : set.Set + " ";

    private static void Append(StringBuilder text, MigrationScript script, MigrationStep step, bool up, string? reason)
    {
        text.Append(CultureInfo.InvariantCulture, $"""

            \echo {step.FileName}
            SET lock_timeout = '{step.LockTimeout}';
            SET statement_timeout = '{step.StatementTimeout}';

            """);
        if (step.ConcurrentIndex?.Replace("'", "''", StringComparison.Ordinal) is { } index)
        {
            text.Append(CultureInfo.InvariantCulture, $"""
                SELECT pg_catalog.format('DROP INDEX CONCURRENTLY %s', indexrelid::regclass)
                FROM pg_catalog.pg_index
                WHERE indexrelid = pg_catalog.to_regclass('{index}')::oid AND NOT indisvalid
                \gexec

                """);
        }

        text.Append(step.Transactional ? "BEGIN;\n" : "").Append(step.Sql).Append(EndOfStatement(step.Sql))
            .Append(step.Statements.Any(Effects.ChangesNames) ? $"{SessionState.OwnRole};\n" : "")
            .Append(JournalRows.RecordSql(script, up, reason)).Append(";\n").Append(step.Transactional ? "COMMIT;\n" : "");
    }

    // A script's last statement may lack its semicolon. An extra one is harmless, so a last line with a comment gets one, too.
    private static string EndOfStatement(string sql)
    {
        var end = sql.TrimEnd();
        var lastLine = end[(end.LastIndexOf('\n') + 1)..];
        return end.EndsWith(';') && !lastLine.Contains("--", StringComparison.Ordinal) ? sql.EndsWith('\n') ? "" : "\n" : "\n;\n";
    }
}
