namespace AutoStack.Data.Cli.Commands;

// The verbs of rows: logs, the audit log, accounts, the queue, secrets, retention.
internal sealed partial record Examples
{
    private static Dictionary<string, Examples> OfRows => new()
    {
        ["partitions status"] = new(
            [("The partitions of logs, and the number of days that they cover.", "autostack-db partitions status")],
            [
                (ExitCode.Done, "there are enough partitions, or the feature is not enabled"), (ExitCode.Failed, Read), Usage, NoConnection,
                (ExitCode.Warnings, "partitions end within a week"), (ExitCode.Errors, "a table has no partition for new rows"),
            ]),
        ["partitions maintain"] = new(
            [("Create the partitions of the next periods, daily.", "autostack-db partitions maintain")],
            [
                (ExitCode.Done, Done), (ExitCode.Failed, "failed; the next run continues"), Usage, NoConnection,
                (ExitCode.Warnings, "partitions end within a week"), (ExitCode.Errors, "a table has no partition for new rows"),
            ]),
        ["partitions archive"] = new(
            [
                ("What would be archived.", "autostack-db partitions archive --to /srv/archive --dry-run"),
                ("Archive what retention drops next.", "autostack-db partitions archive --to /srv/archive"),
                ("Archive what is older than a year.", "autostack-db partitions archive --to /srv/archive --keep 365d"),
                ("As Parquet, for DuckDB and the like.", "autostack-db partitions archive --to /srv/archive --format parquet"),
            ],
            [
                (ExitCode.Done, "every row of the partitions is in a verified archive"),
                (ExitCode.Failed, "a partition could not be archived; nothing was changed in the database"), Usage, NoConnection,
            ]),
        ["partitions archives"] = new(
            [
                ("The archives of a folder.", "autostack-db partitions archives --from /srv/archive"),
                ("Read all of them, and compare.", "autostack-db partitions archives --from /srv/archive --verify"),
            ],
            [
                (ExitCode.Done, "every archive is complete"), (ExitCode.Failed, "the folder cannot be read"), Usage,
                (ExitCode.Warnings, "an archive is incomplete, or of an unknown format"), (ExitCode.Errors, "an archive is damaged"),
            ]),
        ["partitions restore"] = new(
            [
                ("As a table to query.", "autostack-db partitions restore NAME --as restored.logs"),
                ("Back into its place.", "autostack-db partitions restore NAME --attach"),
            ],
            [(ExitCode.Done, Done), (ExitCode.Failed, "failed; the next run continues"), Usage, NoConnection]),
        ["audit show"] = new(
            [
                ("The newest entries.", "autostack-db audit show"),
                ("What happened to a row.", "autostack-db audit show --row 019b2f6e-0000-7000-8000-000000000001"),
                ("What an account did since yesterday.", "autostack-db audit show --actor ada@staff --since 2026-11-29"),
            ],
            [(ExitCode.Done, "printed"), (ExitCode.Failed, "not readable, or the feature is not enabled"), Usage, NoConnection]),
        ["audit export"] = new(
            [("The entries of a month, as lines of JSON.", "autostack-db audit export --since 2026-11-01 --until 2026-12-01 -o FILE")],
            [(ExitCode.Done, "written"), (ExitCode.Failed, "not readable, or the feature is not enabled"), Usage, NoConnection]),
        ["audit status"] = new(
            [("The partitions, and the last seal.", "autostack-db audit status")],
            [
                (ExitCode.Done, "in order, or the feature is not enabled"), (ExitCode.Failed, Read), Usage, NoConnection,
                (ExitCode.Warnings, "partitions end within a week, or entries are not sealed for a day"),
                (ExitCode.Errors, "no partition for new entries, or the log has another seal"),
            ]),
        ["audit maintain"] = new(
            [("Seal entries, create partitions, drop old ones: hourly.", "autostack-db audit maintain")],
            [
                (ExitCode.Done, Done), (ExitCode.Failed, "failed; the next run continues"), Usage, NoConnection,
                (ExitCode.Warnings, "partitions end within a week, or entries are not sealed for a day"),
                (ExitCode.Errors, "no partition for new entries"),
            ]),
        ["account export"] = new(
            [("What is stored about a user.", "autostack-db account export ada@example.com -o ada.jsonl")],
            [(ExitCode.Done, "written"), (ExitCode.Failed, "no such account, or the file cannot be written"), Usage, NoConnection]),
        ["queue pause"] = new(
            [
                ("Stop all workers from claiming.", "autostack-db queue pause --reason maintenance"),
                ("One project.", "autostack-db queue pause --project 019b2f6e-0000-7000-8000-000000000001"),
            ],
            [(ExitCode.Done, "paused, or paused before"), (ExitCode.Failed, "failed, or there is no such project"), Usage, NoConnection]),
        ["queue resume"] = new(
            [("End the pause of the whole queue.", "autostack-db queue resume")],
            [(ExitCode.Done, "resumed, or not paused"), (ExitCode.Failed, Read), Usage, NoConnection]),
        ["queue status"] = new(
            [("What waits, what it waits for, and the pauses.", "autostack-db queue status")],
            [(ExitCode.Done, "printed"), (ExitCode.Failed, Read), Usage, NoConnection]),
        ["prune"] = new(
            [
                ("Count what would be removed, table by table.", "autostack-db prune --dry-run"),
                ("Remove it in a nightly job, for an hour at most.", "autostack-db prune --yes --max-minutes 60"),
                ("Archive partitions of logs before they are dropped.", "autostack-db prune --yes --archive-to /srv/archive"),
                ("With ages of your own, from one table.", "autostack-db prune --policy keep.json --table deployment_logs"),
            ],
            [
                (ExitCode.Done, "removed, counted, or ended at a limit of the run"),
                (ExitCode.Failed, "failed for a table, a right is missing, or not confirmed"), Usage,
                (ExitCode.Locked, "another process runs the retention"), NoConnection,
                (ExitCode.Warnings, "with --dry-run: the role may not count the rows of a table"),
            ]),
        ["keys verify"] = new(
            [
                ("Which keys are in use, without the keys.", "autostack-db keys verify"),
                ("Which values do not open.", "autostack-db keys verify --keys keys.txt"),
            ],
            [
                (ExitCode.Done, "every value is encrypted, and opens with the given keys"), (ExitCode.Failed, Read), Usage, NoConnection,
                (ExitCode.Warnings, "values in clear or of the first form, or a column that is not visible"),
                (ExitCode.Errors, "values do not open, or their keys were not given"),
            ]),
        ["keys rotate"] = new(
            [
                ("Count what would be encrypted with the first key.", "autostack-db keys rotate --keys keys.txt --dry-run"),
                ("Encrypt it, in a script.", "autostack-db keys rotate --keys keys.txt --yes"),
            ],
            [
                (ExitCode.Done, "every value is encrypted with the first key"),
                (ExitCode.Failed, "failed, or not confirmed; the next run continues"), Usage, NoConnection,
                (ExitCode.Warnings, "values in clear are left, which others have written meanwhile"),
                (ExitCode.Errors, "values are left that do not open"),
            ]),
        ["verify"] = new(
            [
                ("All rows of all tables, after a restore or an upgrade.", "autostack-db verify --keys /etc/autostack/keys"),
                ("A hundredth of each table, every night.", "autostack-db verify --sample 1%"),
                ("The logs and the references only.", "autostack-db verify --check log-sequence --check foreign-key"),
            ],
            [
                (ExitCode.Done, "everything holds"), (ExitCode.Failed, Read), Usage, NoConnection,
                (ExitCode.Warnings, "there are warnings, or a check was not made"), (ExitCode.Errors, "the data has errors"),
            ]),
    };
}
