using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Configuration;

/// <summary>The folders of script sets that the configuration file and the options name.</summary>
/// <param name="folders">Name and full path, in the order of an upgrade.</param>
internal sealed class GivenSets(IReadOnlyList<KeyValuePair<string, string>> folders)
{
    /// <summary>Name and full path, in the order of an upgrade.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Folders => folders;

    /// <summary>The folders of the file, then those of <c>--scripts</c>.</summary>
    /// <exception cref="CliException">A value is not NAME=FOLDER, or a name is given twice.</exception>
    public static GivenSets Of(ConfigurationFile? file, IEnumerable<string> options, string directory)
    {
        var folders = (file?.ScriptSets ?? []).ToList();
        foreach (var option in options)
        {
            if (option.Split('=', 2) is not [{ Length: > 0 } name, { Length: > 0 } folder])
            {
                throw Failure.Usage("--scripts is NAME=FOLDER, for example billing=db/billing.");
            }

            folders.Add(new(name, Path.GetFullPath(folder, directory)));
        }

        return folders.GroupBy(f => f.Key).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw Failure.Usage($"The script set {twice.Key} is given twice.")
            : new GivenSets(folders);
    }

    /// <summary>The folder of a set.</summary>
    /// <exception cref="CliException">The set was not given.</exception>
    public string FolderOf(string set) => folders.Where(f => f.Key == set).Select(f => f.Value).FirstOrDefault()
        ?? throw Failure.Usage(
            $"The folder of the script set {set} is not known: name it with --scripts {set}=FOLDER or in {ConfigurationFile.Name}.");

    /// <summary>Reads the scripts.</summary>
    /// <exception cref="CliException">A folder is missing or has no script, or the scripts are no set.</exception>
    public IReadOnlyList<ScriptSet> Load()
    {
        try
        {
            return [.. folders.Select(f => ScriptSet.FromDirectory(f.Key, f.Value))];
        }
        catch (ArgumentException exception)
        {
            // The exception names its parameter in parentheses after the sentence.
            throw Failure.Usage(exception.Message.Split(" (Parameter")[0]);
        }
        catch (DirectoryNotFoundException exception)
        {
            throw Failure.Usage(exception.Message);
        }
        catch (FormatException exception)
        {
            throw new CliException(new Failure(ExitCode.Failed, "scriptsInvalid", $"{exception.Message} Nothing was changed."));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage(exception.Message);
        }
    }
}
