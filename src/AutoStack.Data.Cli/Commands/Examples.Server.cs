namespace AutoStack.Data.Cli.Commands;

// The verbs of the server: its state, its backups, its pool; and the console itself.
internal sealed partial record Examples
{
    private static Dictionary<string, Examples> OfServer => new()
    {
        ["stats"] = new(
            [
                ("Everything, in short.", "autostack-db stats"),
                ("Who holds locks, and who waits, every two seconds.", "autostack-db stats sessions --watch 2"),
                ("Save the figures, to see the next day what has grown.", "autostack-db stats --save monday.json"),
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
        ["bench pool"] = new(
            [
                ("On a throw-away server, with plots.", "autostack-db bench pool --output out"),
                ("For a service with eight processes, on a copy of its database.", "autostack-db bench pool --instances 8 --p99 30"),
            ],
            [(ExitCode.Done, "measured, also when no pool keeps the latency"),
                (ExitCode.Failed, "failed; the benchmark's schema is removed"), Usage, NoConnection]),
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
}
