using System.CommandLine;
using System.Text;
using AutoStack.Data.Cli.Dumping;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>dump</c>: the schema as text, the same for the same schema, so that it can be kept in git and compared.</summary>
internal static class DumpCommand
{
    public static Command Create(Session session)
    {
        var output = new Option<string?>("--output", "-o")
        {
            Description = "The file to write. Default: standard output.",
            HelpName = "FILE",
        };
        var command = new Command(
            "dump", "Prints the schema as SQL for reading and comparing: sorted, without data, owners and privileges.")
        {
            output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var connection = session.RequiredConnection(parsed);
            var server = new MigrationServer(connection, session.ShowsValues, session.AskPassword);
            var wait = TimeSpan.FromSeconds(parsed.GetValue(session.Options.Wait));
            var dump = await SchemaDump.ReadAsync(server, wait, session.Progress, cancellationToken).ConfigureAwait(false);
            if (parsed.GetValue(output) is { } file)
            {
                await WriteAsync(Path.GetFullPath(file, session.Host.Directory), file, dump, cancellationToken).ConfigureAwait(false);
            }

            session.Results.Dumped(dump, parsed.GetValue(output));
            return ExitCode.Done;
        });
        return command;
    }

    private static async Task WriteAsync(string path, string asGiven, SchemaDump dump, CancellationToken cancellationToken)
    {
        try
        {
            await File.WriteAllTextAsync(path, dump.Text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CliException(
                new Failure(ExitCode.Failed, "notWritten", $"--output: {asGiven} cannot be written: {exception.Message}"));
        }
    }
}
