namespace AutoStack.Data.Cli.Commands;

// The verbs of the schema: its scripts, its optional features, its databases and roles.
internal sealed partial record Examples
{
    private static Dictionary<string, Examples> OfSchema => new()
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
        ["lint"] = new(
            [("The scripts of the working directory.", "autostack-db lint"), ("One folder.", "autostack-db lint db/billing")],
            [(ExitCode.Done, "no finding"), (ExitCode.Failed, "there are findings"), Usage]),
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
    };
}
