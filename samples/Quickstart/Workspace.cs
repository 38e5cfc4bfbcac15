namespace Quickstart;

/// <summary>A temporary folder, which is removed with everything in it when the run ends.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("autostack-quickstart-");

    /// <summary>The path of a folder; it is made if it is not there.</summary>
    public string Folder(params ReadOnlySpan<string> names) => Directory.CreateDirectory(Path.Combine([root.FullName, .. names])).FullName;

    public void Dispose()
    {
        if (!root.Exists)
        {
            return;
        }

        // Git writes its objects read-only, and Windows does not remove such files.
        if (OperatingSystem.IsWindows())
        {
            foreach (var file in root.EnumerateFiles("*", SearchOption.AllDirectories))
            {
                file.Attributes = FileAttributes.Normal;
            }
        }

        root.Delete(recursive: true);
    }
}
