using System.CommandLine;
using System.Globalization;
using System.Text;
using AutoStack.Data.Audit;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>audit show|export|status|maintain</c>: the log of the feature <c>audit</c>.</summary>
internal static class AuditCommand
{
    private const int ShownByDefault = 100;

    public static Command Create(Session session) => new("audit", "Shows and maintains the log of the feature audit: who changed what.")
    {
        CreateShow(session), CreateExport(session), CreateStatus(session), CreateMaintain(session),
    };

    private static Command CreateShow(Session session)
    {
        var limit = new Option<int>("--limit")
        {
            Description = $"The maximum number of entries. Default: {ShownByDefault}.",
            HelpName = "N",
            DefaultValueFactory = _ => ShownByDefault,
            CustomParser = result =>
            {
                if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                    || number is < 1 or > IAuditLog.MaxListSize)
                {
                    result.AddError($"--limit is a whole number from 1 to {IAuditLog.MaxListSize}.");
                }

                return number;
            },
        };
        var command = new Command("show", "Prints the entries of the audit log, newest first.") { limit };
        var filter = AuditFilterOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(session, parsed, async services =>
        {
            var page = await ReadAsync(() => services.Get<IAuditLog>().ListAsync(
                filter.Read(parsed), Cursor.Start, parsed.GetValue(limit), cancellationToken)).ConfigureAwait(false);
            session.Results.AuditEntries(page.Items, more: page.Next is not null);
            return ExitCode.Done;
        }, cancellationToken));
        return command;
    }

    private static Command CreateExport(Session session)
    {
        var output = new Option<string?>("--output", "-o")
        {
            Description = "The file to write. Default: standard output.",
            HelpName = "FILE",
        };
        var command = new Command("export", "Writes the entries of the audit log as lines of JSON, newest first.") { output };
        var filter = AuditFilterOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RunAsync(session, parsed, async services =>
        {
            if (parsed.GetValue(output) is not { } file)
            {
                await WriteAsync(session.Host.Output).ConfigureAwait(false);
                return ExitCode.Done;
            }

            var writer = Open(session, file);
            await using (writer.ConfigureAwait(false))
            {
                await WriteAsync(writer).ConfigureAwait(false);
            }

            return ExitCode.Done;

            async Task WriteAsync(TextWriter to)
            {
                var (log, chosen) = (services.Get<IAuditLog>(), filter.Read(parsed));
                Cursor? cursor = Cursor.Start;
                while (cursor is { } place && !session.IsOutputLost)
                {
                    var page = await ReadAsync(() => log.ListAsync(chosen, place, IAuditLog.MaxListSize, cancellationToken))
                        .ConfigureAwait(false);
                    foreach (var entry in page.Items)
                    {
                        await to.WriteLineAsync(AuditJson.Line(entry)).ConfigureAwait(false);
                    }

                    cursor = page.Next;
                }
            }
        }, cancellationToken));
        return command;
    }

    private static Command CreateStatus(Session session)
    {
        var seal = new Option<string?>("--seal")
        {
            Description = "A seal that was kept elsewhere. Fails when the log no longer has this seal, or has another hash for it.",
            HelpName = "NUMBER:HASH",
        };
        seal.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && Seal(result.Tokens[0].Value) is null)
            {
                result.AddError("--seal is the number of a seal and its hash, as audit status prints them: 17:9f86…");
            }
        });
        var command = new Command("status", "Prints the partitions of the audit log, how far it is sealed, and the last seal.") { seal };
        command.SetAction((parsed, cancellationToken) => RunAsync(session, parsed, async services =>
        {
            var audit = services.Get<IAuditMaintenance>();
            var status = await audit.FindStatusAsync(cancellationToken).ConfigureAwait(false);
            session.Results.AuditStatus(status);
            if (parsed.GetValue(seal) is { } given && Seal(given) is var (number, hash))
            {
                var found = await ReadAsync(() => audit.FindSealAsync(number, cancellationToken)).ConfigureAwait(false);
                if (found != hash)
                {
                    throw new CliException(new Failure(ExitCode.Errors, "sealChanged", string.Create(
                        CultureInfo.InvariantCulture,
                        $"The audit log has {(found is null ? "no seal" : "another seal")} {number}: it was made anew.")));
                }
            }

            return FindingLines.ExitCodeOf(AuditFindings.Of(status));
        }, cancellationToken));
        return command;
    }

    private static Command CreateMaintain(Session session)
    {
        var command = new Command("maintain", "Seals entries, creates the partitions of the next months, and drops old ones.");
        command.SetAction((parsed, cancellationToken) => RunAsync(session, parsed, async services =>
        {
            var status = await services.Get<IAuditMaintenance>().MaintainAsync(cancellationToken).ConfigureAwait(false);
            session.Results.AuditStatus(status);
            return FindingLines.ExitCodeOf(AuditFindings.Of(status));
        }, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        Session session, ParseResult parsed, Func<DataServices, Task<int>> run, CancellationToken cancellationToken)
    {
        var services = await DataServices.OpenAsync(session, parsed, configure: null, cancellationToken).ConfigureAwait(false);
        await using (services.ConfigureAwait(false))
        {
            return await run(services).ConfigureAwait(false);
        }
    }

    private static async Task<T> ReadAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (AuditUnavailableException exception)
        {
            throw new CliException(new Failure(ExitCode.Failed, "auditUnavailable", exception.Message));
        }
    }

    private static StreamWriter Open(Session session, string file)
    {
        try
        {
            return new StreamWriter(
                Path.GetFullPath(file, session.Host.Directory), append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CliException(new Failure(ExitCode.Failed, "notWritten", $"--output: {file} cannot be written: {exception.Message}"));
        }
    }

    private static (long Number, string Hash)? Seal(string text) =>
        text.Split(':') is [var number, { Length: 64 } hash]
        && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) && hash.All(char.IsAsciiHexDigitLower)
            ? (parsed, hash)
            : null;
}
