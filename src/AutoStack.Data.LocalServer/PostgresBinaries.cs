using System.Globalization;
using System.Text.RegularExpressions;

namespace AutoStack.Data.LocalServer;

/// <summary>A folder with <c>postgres</c> and <c>initdb</c> that run on this machine.</summary>
internal sealed partial record PostgresBinaries(string Folder, int Major, string Version)
{
    private static readonly string[] Programs = ["postgres", "initdb"];

    public string Postgres => Path.Combine(Folder, "postgres");

    public string InitDb => Path.Combine(Folder, "initdb");

    /// <summary>Asks the binaries for their version.</summary>
    /// <exception cref="UnusableException">The binaries are missing, do not run, or are too old.</exception>
    public static async Task<PostgresBinaries> ReadAsync(string folder, int minimumMajor, CancellationToken cancellationToken)
    {
        var full = Path.GetFullPath(folder);
        if (Programs.FirstOrDefault(program => !File.Exists(Path.Combine(full, program))) is { } missing)
        {
            throw new UnusableException($"{full} has no {missing}");
        }

        var (_, output, error) = await Shell.RunAsync(Path.Combine(full, "postgres"), ["--version"], folder: null, cancellationToken)
            .ConfigureAwait(false);
        var version = VersionText().Match(output).Groups["version"].Value;
        if (!int.TryParse(LeadingDigits().Match(version).Value, CultureInfo.InvariantCulture, out var major))
        {
            throw new UnusableException($"{full}/postgres does not report a version ({error.Trim()})");
        }

        return major >= minimumMajor
            ? new PostgresBinaries(full, major, version)
            : throw new UnusableException($"{full} has PostgreSQL {version}, older than {minimumMajor}");
    }

    [GeneratedRegex(@"\(PostgreSQL\) (?<version>\S+)", RegexOptions.CultureInvariant)]
    private static partial Regex VersionText();

    [GeneratedRegex(@"^\d+", RegexOptions.CultureInvariant)]
    private static partial Regex LeadingDigits();
}
