using System.Runtime.Versioning;
using Npgsql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>The candidates that are binaries: of a given folder, installed on this machine, or from npm.</summary>
[UnsupportedOSPlatform("windows")]
internal static class LocalBinaries
{
    /// <exception cref="UnusableException">There are no usable binaries in the folder.</exception>
    public static async Task<RunningServer> StartAsync(string folder, PostgresServerOptions options, SearchPlaces places, CancellationToken cancellationToken)
    {
        var binaries = await PostgresBinaries.ReadAsync(folder, options.MinimumMajorVersion, cancellationToken).ConfigureAwait(false);
        return await LocalServer.StartAsync(binaries, options, places, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="UnusableException">npm is missing or cannot fetch the release, or its binaries do not run here.</exception>
    public static async Task<RunningServer> StartNpmAsync(PostgresServerOptions options, SearchPlaces places, CancellationToken cancellationToken)
    {
        var npm = places.FindProgram("npm") ?? throw new UnusableException("not on PATH");
        var folder = await NpmBinaries.FetchAsync(npm, options.NpmVersion ?? NpmBinaries.DefaultVersion, cancellationToken).ConfigureAwait(false);
        return await StartAsync(folder, options, places, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="UnusableException">No installed binaries make a server that takes the schema.</exception>
    public static async Task<RunningServer> StartNewestAsync(PostgresServerOptions options, SearchPlaces places, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        var found = new List<PostgresBinaries>();
        foreach (var folder in places.FindBinDirectories())
        {
            try
            {
                found.Add(await PostgresBinaries.ReadAsync(folder, options.MinimumMajorVersion, cancellationToken).ConfigureAwait(false));
            }
            catch (UnusableException exception)
            {
                reasons.Add(exception.Message);
            }
        }

        foreach (var binaries in found.OrderByDescending(binaries => binaries.Major))
        {
            try
            {
                // Checked here, so that one without the extension does not hide another that has it.
                var server = await LocalServer.StartAsync(binaries, options, places, cancellationToken).ConfigureAwait(false);
                return await server.CheckAsync(options.MinimumMajorVersion, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is UnusableException or NpgsqlException)
            {
                reasons.Add($"{binaries.Folder}: {ServerSearch.Reason(exception)}");
            }
        }

        throw new UnusableException(reasons.Count == 0 ? "none on PATH or in the usual folders" : string.Join(", ", reasons));
    }
}
