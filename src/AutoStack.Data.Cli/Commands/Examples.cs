using System.CommandLine;

namespace AutoStack.Data.Cli.Commands;

/// <summary>Examples and exit codes of a verb, for its help.</summary>
/// <param name="Lines">What an example does, and its command line.</param>
/// <param name="ExitCodes">The numbers, in ascending order, and what they mean.</param>
internal sealed partial record Examples(
    IReadOnlyList<(string What, string Line)> Lines, IReadOnlyList<(int Number, string Meaning)> ExitCodes)
{
    private const string Done = "done, or nothing to do";
    private const string Ran = "failed; no script is half-applied";
    private const string Read = "failed; nothing was changed";

    private static readonly (int, string) Usage = (ExitCode.Usage, "wrong usage");
    private static readonly (int, string) Changed = (ExitCode.Changed, "a script was changed after it was applied");
    private static readonly (int, string) Locked = (ExitCode.Locked, "another migrator held the lock for too long");
    private static readonly (int, string) NoConnection =
        (ExitCode.NoConnection, "the database cannot be reached, or a pooler shares its sessions");

    private static readonly Dictionary<string, Examples> All = new(StringComparer.Ordinal)
    {
        ["upgrade"] = new(
            [
                ("Apply all pending scripts.", "autostack-db upgrade"),
                ("Print what would run, and what would stop it; change nothing.", "autostack-db upgrade --dry-run"),
                ("Run it on a copy of the database first.", "autostack-db upgrade --rehearse --on-copy"),
                ("The core to version 12, for a release that is rolled out in steps.", "autostack-db upgrade 12"),
                ("The scripts of a service in the same run.", "autostack-db upgrade --scripts billing=db/billing"),
            ],
            [(ExitCode.Done, Done), (ExitCode.Failed, Ran), Usage, Changed, Locked, NoConnection]),
        ["downgrade"] = new(
            [
                ("Revert the newest version; prints what is lost, and asks.", "autostack-db downgrade -1"),
                ("Back to version 12, without a question.", "autostack-db downgrade 12 --yes"),
                ("Revert all scripts of a set.", "autostack-db downgrade base --set billing --scripts billing=db/billing"),
            ],
            [(ExitCode.Done, Done), (ExitCode.Failed, Ran + ", or not confirmed"), Usage, Changed, Locked, NoConnection]),
        ["adopt"] = new(
            [
                ("Print what would be taken over from the Python services.", "autostack-db adopt --dry-run"),
                ("Take it over.", "autostack-db adopt"),
            ],
            [(ExitCode.Done, Done), (ExitCode.Failed, Ran + ", or rows are in the way"), Usage, Changed, Locked, NoConnection]),
        ["current"] = new(
            [("The version, for people.", "autostack-db current"), ("The version, for programs.", "autostack-db current --json")],
            [(ExitCode.Done, "printed"), (ExitCode.Failed, Read), Usage, NoConnection]),
        ["history"] = new(
            [("Every version, when and how it was applied.", "autostack-db history")],
            [(ExitCode.Done, "printed"), (ExitCode.Failed, Read), Usage, NoConnection]),
        ["check"] = new(
            [
                ("Fail a deployment whose database is behind.", "autostack-db check"),
                ("All differences, for programs.", "autostack-db check --json"),
                ("Mend what can be mended without losing anything.", "autostack-db check --fix"),
                ("Leave out what is meant to differ.", "autostack-db check --ignore schema.ignore"),
            ],
            [
                (ExitCode.Done, "no version is pending, and no object differs"), (ExitCode.Failed, Read), Usage,
                (ExitCode.Pending, "versions are pending, and there is no other difference"),
                (ExitCode.Changed, "a script, an object or the journal is not what it should be"),
                (ExitCode.Locked, "a table was locked for too long; with --fix: nothing else failed"), NoConnection,
            ]),
        ["revision"] = new(
            [
                ("A new pair of scripts.", "autostack-db revision -m \"add index of project names\""),
                ("A pair for a service's own set.", "autostack-db revision -m \"add invoices\" --set billing --scripts billing=db/billing"),
            ],
            [(ExitCode.Done, "both files were written"), (ExitCode.Failed, "failed; no file was overwritten"), Usage,
                (ExitCode.Locked, "another call took the number")]),
        ["stamp"] = new(
            [
                ("Find the version of a database whose journal is lost, and record it.", "autostack-db stamp --detect"),
                ("Record version 12 without running a script.", "autostack-db stamp 12"),
            ],
            [(ExitCode.Done, Done), (ExitCode.Failed, Read), Usage, (ExitCode.Changed, "no version fits exactly, or a script was changed"),
                Locked, NoConnection]),
        ["repair"] = new(
            [
                ("Print what is wrong with the journal, and what would be changed.", "autostack-db repair --dry-run"),
                ("Mend what the database itself decides.", "autostack-db repair --yes --reason \"row lost in a restore\""),
            ],
            [
                (ExitCode.Done, "the journal is sound"), (ExitCode.Failed, Read), Usage, (ExitCode.Changed, "faults are left"),
                Locked, NoConnection,
            ]),
        ["feature list"] = new(
            [("Every optional feature, and whether the database has it.", "autostack-db feature list")],
            [(ExitCode.Done, "printed"), (ExitCode.Failed, Read), Usage, NoConnection]),
        ["feature enable"] = new(
            [
                ("Switch a feature on.", "autostack-db feature enable log-partitions"),
                ("Logs that are kept for 90 days.", "autostack-db feature enable log-partitions --keep 90d"),
            ],
            [(ExitCode.Done, Done), (ExitCode.Failed, Ran), Usage, Changed, Locked, NoConnection]),
        ["feature disable"] = new(
            [("Switch a feature off; prints what is lost, and asks.", "autostack-db feature disable audit")],
            [(ExitCode.Done, Done), (ExitCode.Failed, Ran + ", or not confirmed"), Usage, Changed, Locked, NoConnection]),
        ["partitions status"] = new(
            [("The partitions of logs, and for how many days there are any.", "autostack-db partitions status")],
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
        ["account export"] = new(
            [("What is stored about a user.", "autostack-db account export ada@example.com -o ada.jsonl")],
            [(ExitCode.Done, "written"), (ExitCode.Failed, "no such account, or the file cannot be written"), Usage, NoConnection]),
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
        ["queue pause"] = new(
            [
                ("Keep all workers from claiming.", "autostack-db queue pause --reason maintenance"),
                ("One project.", "autostack-db queue pause --project 019b2f6e-0000-7000-8000-000000000001"),
            ],
            [(ExitCode.Done, "paused, or paused before"), (ExitCode.Failed, "failed, or there is no such project"), Usage, NoConnection]),
        ["queue resume"] = new(
            [("End the pause of the whole queue.", "autostack-db queue resume")],
            [(ExitCode.Done, "resumed, or not paused"), (ExitCode.Failed, Read), Usage, NoConnection]),
        ["queue status"] = new(
            [("What waits, for what, and the pauses.", "autostack-db queue status")],
            [(ExitCode.Done, "printed"), (ExitCode.Failed, Read), Usage, NoConnection]),
        ["lint"] = new(
            [("The scripts of the working directory.", "autostack-db lint"), ("One folder.", "autostack-db lint db/billing")],
            [(ExitCode.Done, "no finding"), (ExitCode.Failed, "there are findings"), Usage]),
        ["bench pool"] = new(
            [
                ("On a throw-away server, with plots.", "autostack-db bench pool --output out"),
                ("For a service with eight processes, on a copy of its database.", "autostack-db bench pool --instances 8 --p99 30"),
            ],
            [(ExitCode.Done, "measured, also when no pool keeps the latency"),
                (ExitCode.Failed, "failed; the benchmark's schema is removed"), Usage, NoConnection]),
        ["create"] = new(
            [
                ("The database of the connection string.", "autostack-db create"),
                ("For a role, with the order of letters of a language.", "autostack-db create --owner autostack --icu-locale de-DE"),
            ],
            [(ExitCode.Done, "created, or --if-not-exists and it exists"), (ExitCode.Failed, "failed, or it exists"), Usage, NoConnection]),
        ["drop"] = new(
            [
                ("Ask for the name of the database, and drop it.", "autostack-db drop"),
                ("In a script, with the sessions that are on it.", "autostack-db drop --confirm autostack_test --force --if-exists"),
            ],
            [(ExitCode.Done, "dropped, or --if-exists and it does not exist"),
                (ExitCode.Failed, "failed, sessions are on it, or not confirmed"), Usage, NoConnection]),
        ["dump"] = new(
            [
                ("The schema, to be kept in git.", "autostack-db dump --output schema.sql"),
                ("What differs from the schema in git.", "autostack-db dump | diff schema.sql -"),
            ],
            [(ExitCode.Done, "printed or written"), (ExitCode.Failed, Read), Usage, (ExitCode.Locked, "a table was locked for too long"),
                NoConnection]),
        ["roles apply"] = new(
            [
                ("What would change; changes nothing.", "autostack-db roles apply --dry-run"),
                ("Create the roles, before the first upgrade and after each one.", "autostack-db roles apply"),
                ("Those of a second database of the server.", "autostack-db roles apply --prefix staging"),
            ],
            [(ExitCode.Done, Done), (ExitCode.Failed, Read + "; or not a superuser"), Usage,
                (ExitCode.Locked, "another session held a lock for too long; nothing was changed"), NoConnection]),
        ["roles check"] = new(
            [
                ("Every right that is missing or too much.", "autostack-db roles check"),
                ("The same, for alerts.", "autostack-db roles check --json"),
            ],
            [(ExitCode.Done, "the rights are as they should be"), (ExitCode.Failed, Read + "; or not a superuser"), Usage,
                (ExitCode.Locked, "another session held a lock for too long"), NoConnection,
                (ExitCode.Warnings, "a right or a setting is missing"), (ExitCode.Errors, "a role has a right that it should not have")]),
        ["stats"] = new(
            [
                ("Everything, in short.", "autostack-db stats"),
                ("Who holds locks, and who waits, every two seconds.", "autostack-db stats sessions --watch 2"),
                ("Keep a look, and see the next day what has grown.", "autostack-db stats --save monday.json"),
                ("Growth and rates since then.", "autostack-db stats tables --since monday.json"),
            ],
            [(ExitCode.Done, "printed"), (ExitCode.Failed, Read), Usage, NoConnection]),
        ["doctor"] = new(
            [
                ("All findings, for a service with eight processes.", "autostack-db doctor --instances 8 --pool 20"),
                ("Also the age of backups, and the keys of stored secrets.", "autostack-db doctor --stanza autostack --keys keys.txt"),
                ("For an alert: no remark about archiving, annotations for a build server.",
                    "autostack-db doctor --ignore archive-off --format github"),
            ],
            [
                (ExitCode.Done, "no warning, and no error"), (ExitCode.Failed, Read), Usage, NoConnection,
                (ExitCode.Warnings, "there are warnings, and no error"), (ExitCode.Errors, "there are errors"),
            ]),
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
        ["backup status"] = new(
            [
                ("For alerting: the exit code says how grave it is.", "autostack-db backup status --max-age 26h --max-rehearsal-age 8d"),
                ("Of another server.", "autostack-db backup status --stanza billing --pgbackrest-config /etc/pgbackrest/billing.conf"),
            ],
            Report("nothing to report", "the repository cannot be read")),
        ["backup mark"] = new(
            [("After each backup, on the primary.", "autostack-db backup mark")],
            [(ExitCode.Done, "every table was counted"), (ExitCode.Failed, Read), Usage, NoConnection,
                (ExitCode.Warnings, "tables were left out")]),
        ["backup rehearse"] = new(
            [
                ("Restore the newest backup, and compare its rows.", "autostack-db backup rehearse --scratch /var/lib/postgresql"),
                ("To the moment before something was lost.", "autostack-db backup rehearse --time \"2026-11-29 12:00:00+00\""),
            ],
            Report("restored, and nothing differs", "failed; the scratch server is removed")),
        ["completion"] = new(
            [
                ("Complete in this shell.", "source <(autostack-db completion bash)"),
                ("Complete in every shell.", "autostack-db completion bash > ~/.local/share/bash-completion/completions/autostack-db"),
            ],
            [(ExitCode.Done, "printed"), Usage]),
        ["help"] = new(
            [("Explain a verb.", "autostack-db help upgrade"), ("Explain a verb of a verb.", "autostack-db help feature enable")],
            [(ExitCode.Done, "printed"), Usage]),
    };

    private static IReadOnlyList<(int, string)> Report(string done, string failed) =>
    [
        (ExitCode.Done, done), (ExitCode.Failed, failed), Usage, (ExitCode.Warnings, "there are warnings"),
        (ExitCode.Errors, "there are errors"),
    ];
    // No other file of this class has a field with a value: the order of files would decide which comes first.
    private static readonly Dictionary<string, Examples> All =
        new([.. OfSchema, .. OfRows, .. OfServer], StringComparer.Ordinal);

    /// <summary>Those of a verb; null for one that only groups others.</summary>
    public static Examples? Of(Command command) => All.GetValueOrDefault(PathOf(command));

    /// <summary>The words that name a verb, without the program.</summary>
    public static string PathOf(Command command) =>
        string.Join(' ', command.Parents.OfType<Command>().Where(parent => parent is not RootCommand).Select(parent => parent.Name)
            .Append(command.Name));
}
