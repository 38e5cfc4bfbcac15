using System.Globalization;
using AutoStack.Data.LocalServer;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>
/// A file system in memory for the databases of the laboratories, which the tests fill. Only the processes of the server see it, and it
/// ends with them.
/// </summary>
internal sealed class SmallDisk
{
    private const string Large = "4g";

    private SmallDisk(string path) => Path = path;

    public string Path { get; }

    /// <summary>What the command that starts the server begins with.</summary>
    public static IReadOnlyList<string> Prefix { get; } = ["unshare", "--mount"];

    /// <summary>Tries whether this process may mount; null when it may not.</summary>
    public static async Task<SmallDisk?> TryAsync(string serverFolder, CancellationToken cancellationToken)
    {
        var path = System.IO.Path.Combine(serverFolder, "disk");
        Directory.CreateDirectory(path);
        var (exitCode, _, _) = await Shell.RunAsync(
            Prefix[0], [.. Prefix.Skip(1), "mount", "-t", "tmpfs", "tmpfs", path], folder: null, cancellationToken);
        return exitCode == 0 ? new SmallDisk(path) : null;
    }

    /// <summary>A command for <c>sh</c> that mounts the disk.</summary>
    public string Mount() => Shell.Quote(["mount", "-t", "tmpfs", "-o", $"size={Large}", "tmpfs", Path]);

    /// <summary>Makes the disk as small as what is on it, and large again at the end.</summary>
    /// <param name="process">A process of the server.</param>
    /// <param name="work">What happens while the disk is full.</param>
    /// <param name="cancellationToken">Cancels the fault.</param>
    public async Task FillAsync(int process, Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            // What is written between the two commands makes the second one fail.
            while (!await ResizeAsync(process, "$(df --output=used -k \"$1\" | tail -n 1 | tr -d ' ')k"))
            {
                await Task.Delay(5, cancellationToken);
            }

            await work();
        }
        finally
        {
            Assert.That(await ResizeAsync(process, Large));
        }
    }

    private async Task<bool> ResizeAsync(int process, string size)
    {
        var (exitCode, _, _) = await Shell.RunAsync(
            "nsenter",
            [
                "-t", process.ToString(CultureInfo.InvariantCulture), "--mount",
                "sh", "-c", $"mount -o remount,size={size} \"$1\"", "sh", Path,
            ],
            folder: null,
            CancellationToken.None);
        return exitCode == 0;
    }
}
