using System.CommandLine;
using AutoStack.Data.Accounts;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Exports;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>account export</c>: everything that is stored about a user.</summary>
internal static class AccountCommand
{
    public static Command Create(Session session) => new("account", "Answers a user's request for their data.")
    {
        CreateExport(session),
    };

    private static Command CreateExport(Session session)
    {
        var user = new Argument<string>("user") { Description = "The id of the user, or the e-mail address." };
        var output = new Option<string>("--output", "-o")
        {
            Description = "The file to write. It must not exist; only its owner can read it.",
            HelpName = "FILE",
            Required = true,
        };
        var command = new Command("export", "Writes everything that is stored about a user as lines of JSON, without secrets.")
        {
            user, output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var services = await DataServices.OpenAsync(session, parsed, configure: null, cancellationToken).ConfigureAwait(false);
            await using var closing = services.ConfigureAwait(false);
            var text = parsed.GetValue(user)!;
            var id = Guid.TryParse(text, out var given)
                ? given
                : (await services.Get<IPlatformUserRepository>().FindByEmailAsync(text, cancellationToken).ConfigureAwait(false))?.Id;
            var file = Path.GetFullPath(parsed.GetValue(output)!, session.Host.Directory);
            if (id is not { } found
                || await WriteAsync(services, found, file, cancellationToken).ConfigureAwait(false) is not { } lines)
            {
                throw new CliException(new Failure(
                    ExitCode.Failed, "missing", $"There is no account {Visible.Text(text)}. Nothing was written."));
            }

            session.Results.AccountExported(lines, parsed.GetValue(output)!);
            return ExitCode.Done;
        });
        return command;
    }

    // The number of lines; null without an account. A file that is not complete is removed.
    private static async Task<long?> WriteAsync(DataServices services, Guid userId, string file, CancellationToken cancellationToken)
    {
        var stream = Open(file);
        long? lines = null;
        try
        {
            await using (stream.ConfigureAwait(false))
            {
                lines = await services.Get<IAccountExport>().WriteAsync(userId, stream, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (IOException exception)
        {
            lines = null;
            throw NotWritten(file, exception);
        }
        finally
        {
            if (lines is null)
            {
                File.Delete(file);
            }
        }

        return lines;
    }

    private static FileStream Open(string file)
    {
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            return new FileStream(file, options);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw NotWritten(file, exception);
        }
    }

    private static CliException NotWritten(string file, Exception exception) => new(new Failure(
        ExitCode.Failed, "notWritten", $"--output: {file} cannot be written: {exception.Message}"));
}
