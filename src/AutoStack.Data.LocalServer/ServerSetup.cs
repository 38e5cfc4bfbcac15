namespace AutoStack.Data.LocalServer;

/// <summary>How a server that is started here is set up.</summary>
/// <param name="MinimumMajor">The oldest major version that is accepted.</param>
/// <param name="Settings">Server settings as <c>name=value</c>; of two with the same name the server takes the later one.</param>
internal sealed record ServerSetup(int MinimumMajor, IReadOnlyList<string> Settings)
{
    /// <summary>The oldest major version that the schema supports.</summary>
    public const int OldestMajor = 14;

    /// <summary>The settings of a server that keeps its commits on disk, or of a faster one that loses them in a power cut.</summary>
    public static ServerSetup Create(
        bool durable, int minimumMajor = OldestMajor, IEnumerable<KeyValuePair<string, string>>? overrides = null)
    {
        var onOff = durable ? "on" : "off";
        return new ServerSetup(minimumMajor,
        [
            $"fsync={onOff}", $"synchronous_commit={onOff}", $"full_page_writes={onOff}",
            "max_connections=300", "timezone=UTC", "log_timezone=UTC",
            .. (overrides ?? []).Select(setting => $"{setting.Key}={setting.Value}"),
        ]);
    }
}
