using System.CommandLine;
using System.Globalization;
using AutoStack.Data.Cli.Backups;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Keys;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>backup status|mark|rehearse</c>: monitors and rehearses the backups that pgBackRest keeps.</summary>
internal static class BackupCommand
{
    public static Command Create(Session session) =>
        new("backup", "Monitors the backups that pgBackRest keeps, and rehearses restoring them.")
        {
            Status(session),
            Mark(session),
            Rehearse(session),
        };

    private static Command Status(Session session)
    {
        var repository = new RepositoryOptions(otherwise: "autostack");
        var age = Ages.Option("--max-age", "The age of the newest backup from which it is an error.", BackupLimits.Usual.Backup);
        var rehearsal = Ages.Option(
            "--max-rehearsal-age", "The age of the last rehearsal from which it is a warning.", BackupLimits.Usual.Rehearsal);
        var archive = Ages.Option(
            "--max-archive-lag", "How long a segment may wait to be archived before it is an error.", BackupLimits.Usual.Archive);
        var format = FormatOption.Create();
        var command = new Command(
            "status",
            "Reports the newest backup, gaps in the write-ahead log, the last rehearsal and, with a connection, the archiver. Exits with 8 "
            + "on errors, 7 on warnings.")
        {
            age, rehearsal, archive, format,
        };
        repository.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var pgBackRest = await repository.FindAsync(session, parsed, cancellationToken).ConfigureAwait(false);
            Func<Task<DatabaseStats>>? measure = session.Connection(parsed) is null ? null
                : () => MeasureAsync(session, parsed, cancellationToken);
            var limits = new BackupLimits(parsed.GetValue(age), parsed.GetValue(rehearsal), parsed.GetValue(archive));
            var status = await BackupStatus.ReadAsync(pgBackRest, measure, limits, cancellationToken).ConfigureAwait(false);
            return FormatOption.Report(
                session, parsed.GetValue(format), "backup status", status.Findings, results => results.BackupsRead(status));
        });
        return command;
    }

    private static async Task<DatabaseStats> MeasureAsync(Session session, ParseResult parsed, CancellationToken cancellationToken)
    {
        var services = await DataServices.OpenAsync(session, parsed, configure: null, cancellationToken).ConfigureAwait(false);
        await using var closing = services.ConfigureAwait(false);
        return await services.Get<IDatabaseMonitor>().MeasureAsync(StatsParts.Replication, cancellationToken).ConfigureAwait(false);
    }

    private static Command Mark(Session session)
    {
        var repository = new RepositoryOptions(otherwise: "autostack");
        var limit = Ages.Option("--max-count", "The longest time for one table, which is left out after it.", TimeSpan.FromMinutes(10));
        var command = new Command(
            "mark",
            "Counts the rows of every table in one snapshot, reading each table whole, and records them with the newest backup, so that a "
            + "rehearsal can compare. Run it after each backup, on the primary.")
        {
            limit,
        };
        repository.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var pgBackRest = await repository.FindAsync(session, parsed, cancellationToken).ConfigureAwait(false);
            var server = new MigrationServer(session.RequiredConnection(parsed), session.ShowsValues, session.AskPassword);
            var stanza = await pgBackRest.ReadAsync(cancellationToken).ConfigureAwait(false);
            var backup = stanza.Newest
                ?? throw PgBackRest.Failed($"The stanza {stanza.Name} has no backup: {stanza.Message}.");
            var connection = await server.ConnectAsync(
                TimeSpan.FromSeconds(parsed.GetValue(session.Options.Wait)), session.Progress, cancellationToken).ConfigureAwait(false);
            await using var closing = connection.ConfigureAwait(false);
            session.Error.WriteLine("Counting rows.");
            var mark = await RowMark.CountAsync(
                connection, parsed.GetValue(limit), text => session.Error.WriteLine(text), cancellationToken).ConfigureAwait(false);
            if (mark.Rows.Count == 0 && mark.NotCounted.Count > 0)
            {
                throw PgBackRest.Failed(
                    $"No table could be counted, for example {Visible.Text(mark.NotCounted.First().Key)}: "
                    + $"{Visible.Text(mark.NotCounted.First().Value)}. Nothing was recorded.");
            }

            await pgBackRest.AnnotateAsync(backup.Label, RowMark.Key, mark.ToAnnotation(), cancellationToken).ConfigureAwait(false);
            var isArchived = await RowMark.EndSegmentAsync(connection, cancellationToken).ConfigureAwait(false);
            session.Results.BackupMarked(backup, mark, isArchived);
            return mark.NotCounted.Count > 0 ? ExitCode.Warnings : ExitCode.Done;
        });
        return command;
    }

    private static Command Rehearse(Session session)
    {
        var repository = new RepositoryOptions(otherwise: "autostack");
        var set = Text("--set", "LABEL", "The backup to restore. Default: the newest, or with --time the newest before it.");
        var time = new Option<DateTimeOffset?>("--time")
        {
            Description = "Recovers to this point in time, for example \"2026-11-29 12:00:00+00\". The offset is required.",
            HelpName = "TIME",
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (!HasOffset(text) || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var moment))
                {
                    result.AddError("--time is a date, a time and an offset: \"2026-11-29 12:00:00+00\".");
                    return null;
                }

                return moment;
            },
        };
        var latest = new Option<bool>("--latest")
        {
            Description = "Recovers to the end of the archive: the default for a backup without counted rows. The default for others is "
                + "the position at which the rows were counted.",
            Arity = ArgumentArity.Zero,
        };
        var scratch = Text("--scratch", "FOLDER", "The folder for the scratch server. Default: the temporary folder.");
        var database = Text("--database", "NAME", "The database to examine. Default: that of the connection, else autostack.");
        var role = Text("--role", "NAME", "A superuser of the backup. Default: postgres.");
        var binaries = Text("--binaries", "FOLDER", "The server's programs. Default: those of the backup's version on this machine.");
        var keys = KeyFile.Option("Without a key, only the form of secrets is verified.");
        var format = FormatOption.Create();
        var command = new Command(
            "rehearse",
            "Restores a backup to a scratch server that only its own socket reaches, compares schema and rows, verifies the rows, records "
            + "the rehearsal with the backup, and removes the server. Exits with 8 when the backup cannot be restored.")
        {
            set, time, latest, scratch, database, role, binaries, keys, format,
        };
        repository.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(time) is { Implicit: false } && result.GetResult(latest) is { Implicit: false })
            {
                result.AddError("--time and --latest exclude each other.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (OperatingSystem.IsWindows())
            {
                throw PgBackRest.Failed("pgBackRest does not run on Windows.");
            }

            var pgBackRest = await repository.FindAsync(session, parsed, cancellationToken).ConfigureAwait(false);
            var stanza = await pgBackRest.ReadAsync(cancellationToken).ConfigureAwait(false);
            var target = RecoveryTarget.Choose(stanza, parsed.GetValue(set), parsed.GetValue(time), parsed.GetValue(latest));
            var connected = session.Connection(parsed) is { } connection ? ConnectionText.Parse(connection).Database : null;
            var settings = new RehearsalSettings(
                Path.GetFullPath(parsed.GetValue(scratch) ?? Path.GetTempPath(), session.Host.Directory),
                parsed.GetValue(database) ?? connected ?? "autostack",
                parsed.GetValue(role) ?? "postgres",
                parsed.GetValue(binaries) is { } folder ? Path.GetFullPath(folder, session.Host.Directory) : null,
                session.MigratorOptions(parsed),
                KeyFile.Read(parsed.GetValue(keys), session.Host),
                session.ShowsValues);
            var report = await new BackupRehearsal(pgBackRest, settings, text => session.Error.WriteLine(text))
                .RunAsync(stanza, target, cancellationToken).ConfigureAwait(false);
            return FormatOption.Report(
                session, parsed.GetValue(format), "backup rehearse", report.Findings, results => results.BackupRehearsed(report));
        });
        return command;
    }

    // A time without an offset would be that of the machine, which is not the server's.
    private static bool HasOffset(string text) =>
        text.EndsWith('Z') || (text.LastIndexOfAny(['+', '-']) is var at && at > text.IndexOf(':', StringComparison.Ordinal) && at > 10);

    private static Option<string?> Text(string name, string what, string description) =>
        new(name) { Description = description, HelpName = what };
}
