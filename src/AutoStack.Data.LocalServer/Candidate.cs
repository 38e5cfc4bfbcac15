using Npgsql;

namespace AutoStack.Data.LocalServer;

/// <summary>A source of a PostgreSQL server. Starting throws <see cref="UnusableException"/> with the reason when there is none.</summary>
/// <param name="Name">The source as error messages name it.</param>
/// <param name="StartAsync">Starts or finds the server.</param>
internal sealed record Candidate(string Name, Func<CancellationToken, Task<RunningServer>> StartAsync)
{
    /// <summary>The server that the environment variable names.</summary>
    public static Candidate Named(SearchPlaces places) => new(SearchPlaces.Variable, _ => places.ConnectionString is { } connectionString
        ? Task.FromResult(External(connectionString))
        : throw new UnusableException("not set"));

    /// <summary>The newest usable binaries that are installed on this machine.</summary>
    public static Candidate Installed(ServerSetup setup, SearchPlaces places) => new("binaries", token =>
        OperatingSystem.IsWindows() ? throw OnWindows() : LocalBinaries.StartNewestAsync(setup, places, token));

    /// <summary>A release of the npm package; null for the default release.</summary>
    public static Candidate Npm(ServerSetup setup, SearchPlaces places, string? version = null) => new("npm", token =>
        OperatingSystem.IsWindows() ? throw OnWindows() : LocalBinaries.StartNpmAsync(version, setup, places, token));

    /// <summary>The binaries in one folder.</summary>
    public static Candidate Folder(string name, string folder, ServerSetup setup, SearchPlaces places) => new(name, token =>
        OperatingSystem.IsWindows() ? throw OnWindows() : LocalBinaries.StartAsync(folder, setup, places, token));

    private static RunningServer External(string connectionString)
    {
        try
        {
            var builder = new NpgsqlConnectionStringBuilder(connectionString) { Database = "postgres" };
            return new RunningServer($"{SearchPlaces.Variable}, {builder.Host}:{builder.Port}", builder.ConnectionString, Lifetime: null);
        }
        catch (ArgumentException)
        {
            // The parser's message may quote a piece of a password.
            throw new UnusableException("not an Npgsql connection string such as Host=localhost;Username=postgres;Password=…");
        }
    }

    private static UnusableException OnWindows() => new("not supported on Windows");
}
