using System.Runtime.Versioning;
using Npgsql;

namespace AutoStack.Data.LocalServer;

/// <summary>Starts servers from binaries: of a given folder, installed on this machine, or from npm.</summary>
[UnsupportedOSPlatform("windows")]
internal static class LocalBinaries
{
    /// <exception cref="UnusableException">The folder has no usable binaries.</exception>
    public static async Task<RunningServer> StartAsync(
        string folder, ServerSetup setup, SearchPlaces places, CancellationToken cancellationToken)
    {
        var binaries = await PostgresBinaries.ReadAsync(folder, setup.MinimumMajor, cancellationToken).ConfigureAwait(false);
        return await Postmaster.StartAsync(binaries, setup, places, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="UnusableException">npm is missing or cannot fetch the release, or its binaries do not run here.</exception>
    public static async Task<RunningServer> StartNpmAsync(
        string? version, ServerSetup setup, SearchPlaces places, CancellationToken cancellationToken)
    {
        var npm = places.FindProgram("npm") ?? throw new UnusableException("not on PATH");
        var folder = await NpmBinaries.FetchAsync(npm, version ?? NpmBinaries.DefaultVersion, cancellationToken).ConfigureAwait(false);
        return await StartAsync(folder, setup, places, cancellationToken).ConfigureAwait(false);
    }

    /// <exception cref="UnusableException">No installed binaries make a server that takes the schema.</exception>
    public static async Task<RunningServer> StartNewestAsync(ServerSetup setup, SearchPlaces places, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        var found = new List<PostgresBinaries>();
        foreach (var folder in places.FindBinDirectories())
        {
            try
            {
                found.Add(await PostgresBinaries.ReadAsync(folder, setup.MinimumMajor, cancellationToken).ConfigureAwait(false));
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
                // Checked here, so that binaries without the extension do not hide others that have it.
                var server = await Postmaster.StartAsync(binaries, setup, places, cancellationToken).ConfigureAwait(false);
                return await server.CheckAsync(setup.MinimumMajor, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is UnusableException or NpgsqlException)
            {
                reasons.Add($"{binaries.Folder}: {ServerSearch.Reason(exception)}");
            }
        }

        throw new UnusableException(reasons.Count == 0 ? "none on PATH or in the usual folders" : string.Join(", ", reasons));
    }
}
