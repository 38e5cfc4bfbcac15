using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary>A pair of scripts that was written; the paths are relative to the working directory.</summary>
internal sealed record Revision(int Version, string Name, string Up, string Down);

/// <summary><c>revision -m TEXT</c>: writes the next pair of scripts. Needs no database.</summary>
internal static partial class RevisionCommand
{
    private const int LongestName = 60;
    private const string LockFile = ".revision.lock";

    public static Command Create(Session session)
    {
        var message = new Option<string>("--message", "-m")
        {
            Description = "What the script does, in a few words: \"add index of users\". Its name is made of it.",
            HelpName = "TEXT",
            Required = true,
        };
        var directory = new Option<string?>("--directory") { Description = "The folder of the scripts. Without it: scripts/sql here or above.", HelpName = "DIR" };
        var noTransaction = new Option<bool>("--no-transaction")
        {
            Description = "A pair that runs outside a transaction, one statement each: to build an index.",
            Arity = ArgumentArity.Zero,
        };
        var command = new Command("revision", "Writes the next numbered pair of scripts from a template.") { message, directory, noTransaction };
        command.SetAction(parsed =>
        {
            var folder = parsed.GetValue(directory) is { } given ? Path.GetFullPath(given, session.Host.Directory)
                : ScriptSet.FindFolder(session.Host.Directory) ?? throw Failure.Usage("There is no scripts/sql here or above: use --directory.");
            if (!Directory.Exists(folder))
            {
                throw Failure.Usage(session.Masked($"There is no folder {folder}."));
            }

            var text = Space().Replace(parsed.GetValue(message)!, " ").Trim();
            var revision = Write(folder, text, Slug(text), !parsed.GetValue(noTransaction));
            session.Results.Revised(revision with
            {
                Up = Path.GetRelativePath(session.Host.Directory, revision.Up),
                Down = Path.GetRelativePath(session.Host.Directory, revision.Down),
            });
            return ExitCode.Done;
        });
        return command;
    }

    private static string Slug(string text)
    {
        var slug = NoName().Replace(text.ToLowerInvariant(), "_").Trim('_');
        return slug.Length == 0 ? throw Failure.Usage("--message has no letter a to z and no digit: a name is made of them.")
            : slug.Length > LongestName ? throw Failure.Usage($"--message makes a name of {slug.Length} characters; {LongestName} is the most.")
            : slug;
    }

    private static Revision Write(string folder, string text, string slug, bool transactional)
    {
        try
        {
            // Two at once would both find the same number free.
            using var alone = TakeLock(Path.Combine(folder, LockFile));
            var version = MigrationScript.Load(ScriptSet.Read(folder)).Count + 1;
            var name = $"{version:0000}_{slug}";
            if (version > 9999)
            {
                throw new FormatException($"{name}: a number has four digits.");
            }

            var up = Path.Combine(folder, name + ".sql");
            var down = Path.Combine(folder, name + ".down.sql");
            Write(up, (transactional ? UpTemplate : IndexTemplate).Replace("{text}", char.ToUpperInvariant(text[0]) + text[1..], StringComparison.Ordinal));
            try
            {
                Write(down, (transactional ? DownTemplate : DropIndexTemplate).Replace("{name}", name, StringComparison.Ordinal));
            }
            catch
            {
                File.Delete(up);
                throw;
            }

            return new Revision(version, name, up, down);
        }
        catch (FormatException exception)
        {
            throw new CliException(new Failure(ExitCode.Failed, "scriptsInvalid", $"{exception.Message} Nothing was written."));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CliException(new Failure(ExitCode.Failed, "notWritten", $"No script was written: {exception.Message}"));
        }
    }

    // Not File.Exists: whoever held it may have let it go since.
    private const int FileExists = 17;
    private const int FileExistsOnWindows = unchecked((int)0x80070050);

    private static FileStream TakeLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException exception) when (exception.HResult is FileExists or FileExistsOnWindows)
        {
            throw new CliException(new Failure(ExitCode.Locked, "locked",
                $"Another revision is being written there. If none is, one was killed: delete {path}."));
        }
    }

    private static void Write(string path, string text)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    private const string UpTemplate = """
        -- {text}.
        -- Runs in one transaction with its journal row, and waits at most 5 s for each lock; a header sets another time.


        """;

    private const string DownTemplate = """
        -- Takes {name} back.


        """;

    private const string IndexTemplate = """
        -- autostack: no-transaction
        -- {text}.
        -- Exactly one statement, safe to repeat:
        -- CREATE INDEX CONCURRENTLY IF NOT EXISTS table_column_idx
        --     ON table (column);

        """;

    private const string DropIndexTemplate = """
        -- autostack: no-transaction
        -- Takes {name} back:
        -- DROP INDEX CONCURRENTLY IF EXISTS table_column_idx;

        """;

    [GeneratedRegex(@"[\s\p{C}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Space();

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex NoName();
}
