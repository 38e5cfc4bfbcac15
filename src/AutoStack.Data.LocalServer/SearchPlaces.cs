namespace AutoStack.Data.LocalServer;

/// <summary>The places that are searched for a server.</summary>
/// <param name="ConnectionString">The value of the environment variable; null when the variable is not set.</param>
/// <param name="Path">Folders with programs, in search order.</param>
/// <param name="BinDirectories">Folders with PostgreSQL binaries; a <c>*</c> matches any part of one folder's name.</param>
internal sealed record SearchPlaces(string? ConnectionString, IReadOnlyList<string> Path, IReadOnlyList<string> BinDirectories)
{
    public const string Variable = "AUTOSTACK_TEST_POSTGRES";

    public static SearchPlaces OfThisMachine() => new(
        Environment.GetEnvironmentVariable(Variable) is { } value && !string.IsNullOrWhiteSpace(value) ? value : null,
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        [
            "/usr/lib/postgresql/*/bin",
            "/usr/pgsql-*/bin",
            "/opt/homebrew/opt/postgresql*/bin",
            "/usr/local/opt/postgresql*/bin",
            "/usr/local/pgsql/bin",
        ]);

    /// <summary>The path of a program; null when no folder has it.</summary>
    public string? FindProgram(string name) => Path.Select(folder => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Every folder that has PostgreSQL binaries, once, links followed.</summary>
    public IEnumerable<string> FindBinDirectories() => Path
        .Concat(BinDirectories.SelectMany(Expand))
        .Where(folder => File.Exists(System.IO.Path.Combine(folder, "postgres")))
        .Select(FollowLink)
        .Distinct();

    private static IEnumerable<string> Expand(string pattern)
    {
        var parts = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        IEnumerable<string> folders = ["/"];
        foreach (var part in parts)
        {
            folders = part.Contains('*', StringComparison.Ordinal)
                ? folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateDirectories(folder, part))
                : folders.Select(folder => System.IO.Path.Combine(folder, part));
        }

        return folders;
    }

    // A link to postgres alone, or a wrapper beside its own initdb, is not followed.
    private static string FollowLink(string folder)
    {
        var program = System.IO.Path.Combine(folder, "postgres");
        var target = File.ResolveLinkTarget(program, returnFinalTarget: true)?.FullName ?? program;
        var targetFolder = System.IO.Path.GetDirectoryName(target)!;
        return File.Exists(System.IO.Path.Combine(targetFolder, "initdb")) ? targetFolder : folder;
    }
}
