namespace Platform.Building;

/// <summary>A temporary folder for builds and their results, which is removed when the platform stops.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly DirectoryInfo root = Directory.CreateTempSubdirectory("autostack-platform-");

    /// <summary>The path of a folder; it is created when it is not there.</summary>
    public string Folder(params ReadOnlySpan<string> names) => Directory.CreateDirectory(Path.Combine([root.FullName, .. names])).FullName;

    /// <summary>Removes a folder.</summary>
    public void Remove(params ReadOnlySpan<string> names)
    {
        var folder = new DirectoryInfo(Path.Combine([root.FullName, .. names]));
        if (folder.Exists)
        {
            // Git writes its objects read-only, and Windows does not remove such files.
            foreach (var file in folder.EnumerateFiles("*", SearchOption.AllDirectories).Where(_ => OperatingSystem.IsWindows()))
            {
                file.Attributes = FileAttributes.Normal;
            }

            folder.Delete(recursive: true);
        }
    }

    public void Dispose() => Remove();
}
