using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary>A new pair of scripts; the paths are relative to the working directory.</summary>
internal sealed record Revision(int Version, string Name, string Up, string? Down);

/// <summary><c>revision -m TEXT</c>: writes the next pair of scripts. Works without a database.</summary>
internal static partial class RevisionCommand
{
    private const int LongestName = 60;
    private const string LockFile = ".revision.lock";

    public static Command Create(Session session)
    {
        var message = new Option<string>("--message", "-m")
        {
            Description = "What the script does, in a few words: \"add index of users\". The file name is derived from it.",
            HelpName = "TEXT",
            Required = true,
        };
        var directory = new Option<string?>("--directory")
        {
            Description = "The folder of the scripts. Default: scripts/sql here or in a parent folder.",
            HelpName = "DIR",
        };
        var set = SetOption.Create("The script set, whose folder --scripts or the configuration file names.");
        var repeatable = new Option<bool>("--repeatable")
        {
            Description = "Writes R__name.sql, which an upgrade runs when its text has changed, after the numbered scripts of the set.",
            Arity = ArgumentArity.Zero,
        };
        var noTransaction = new Option<bool>("--no-transaction")
        {
            Description = "Writes a pair that runs outside a transaction, one statement each, such as building an index.",
            Arity = ArgumentArity.Zero,
        };
        var command = new Command("revision", "Writes the next numbered pair of scripts from a template.")
        {
            message,
            directory,
            set,
            repeatable,
            noTransaction,
        };
        command.SetAction(parsed =>
        {
            var (named, sets) = (parsed.GetValue(set), session.GivenSets(parsed));
            if (named is not null && parsed.GetValue(directory) is not null)
            {
                throw Failure.Usage("--set and --directory exclude each other.");
            }

            var folder = named is not null ? sets.FolderOf(named)
                : parsed.GetValue(directory) is { } given ? Path.GetFullPath(given, session.Host.Directory)
                : ScriptFolder.FindFolder(session.Host.Directory)
                    ?? throw Failure.Usage("Neither this folder nor a parent has scripts/sql: use --set or --directory.");
            if (named is not null)
            {
                // The first script of a set may be the first file of its folder.
                Directory.CreateDirectory(folder);
            }
            else if (!Directory.Exists(folder))
            {
                throw Failure.Usage(session.Masked($"The folder {folder} does not exist."));
            }

            var text = Space().Replace(parsed.GetValue(message)!, " ").Trim();
            var revision = !parsed.GetValue(repeatable) ? Write(folder, text, Slug(text), !parsed.GetValue(noTransaction))
                : named is null ? throw Failure.Usage("--repeatable needs --set: the core has no repeatable scripts.")
                : WriteRepeatable(folder, text, Slug(text));
            session.HasChanged = true;
            session.Results.Revised(revision with
            {
                Up = Path.GetRelativePath(session.Host.Directory, revision.Up),
                Down = revision.Down is { } down ? Path.GetRelativePath(session.Host.Directory, down) : null,
            });
            if (named is null)
            {
                UnknownScripts.Warn(session, parsed);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static string Slug(string text)
    {
        var slug = NoName().Replace(text.ToLowerInvariant(), "_").Trim('_');
        return slug.Length == 0 ? throw Failure.Usage("--message needs a letter a to z or a digit: the file name is made of those.")
            : slug.Length > LongestName ? throw Failure.Usage(
                $"--message makes a file name of {slug.Length} characters; at most {LongestName} are allowed.")
            : slug;
    }

    private static Revision WriteRepeatable(string folder, string text, string slug)
    {
        var name = "R__" + slug;
        var path = Path.Combine(folder, name + ".sql");
        try
        {
            Write(path, RepeatableTemplate.Replace("{text}", char.ToUpperInvariant(text[0]) + text[1..], StringComparison.Ordinal));
            return new Revision(0, name, path, null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CliException(new Failure(ExitCode.Failed, "notWritten", $"No script was written: {exception.Message}"));
        }
    }

    private static Revision Write(string folder, string text, string slug, bool transactional)
    {
        try
        {
            // Without the lock, two concurrent runs would take the same number.
            using var alone = TakeLock(Path.Combine(folder, LockFile));
            var version = MigrationScript.Load(ScriptFolder.Read(folder).Where(f => !ScriptFolder.IsRepeatable(f.Key))).Count + 1;
            var name = $"{version:0000}_{slug}";
            if (version > 9999)
            {
                throw new FormatException($"{name}: a version has four digits.");
            }

            var up = Path.Combine(folder, name + ".sql");
            var down = Path.Combine(folder, name + ".down.sql");
            var sentence = char.ToUpperInvariant(text[0]) + text[1..];
            Write(up, (transactional ? UpTemplate : IndexTemplate).Replace("{text}", sentence, StringComparison.Ordinal));
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

    // The codes of "file exists". File.Exists afterwards would be too late: the other run may have ended.
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
                $"Another run is writing a revision there. If none is running, a run was killed: delete {path}."));
        }
    }

    private static void Write(string path, string text)
    {
        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }

    private const string UpTemplate = """
        -- {text}.
        -- Runs in one transaction with its journal row, and waits at most 5 s for each lock; a header sets another limit.


        """;

    private const string RepeatableTemplate = """
        -- {text}.
        -- Runs when this text has changed, after the numbered scripts: write what may run again, as CREATE OR REPLACE VIEW.


        """;

    private const string DownTemplate = """
        -- Reverts {name}.


        """;

    private const string IndexTemplate = """
        -- autostack: no-transaction
        -- {text}.
        -- Exactly one statement, which may run twice:
        -- CREATE INDEX CONCURRENTLY IF NOT EXISTS table_column_idx
        --     ON table (column);

        """;

    private const string DropIndexTemplate = """
        -- autostack: no-transaction
        -- Reverts {name}:
        -- DROP INDEX CONCURRENTLY IF EXISTS table_column_idx;

        """;

    [GeneratedRegex(@"[\s\p{C}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Space();

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex NoName();
}
