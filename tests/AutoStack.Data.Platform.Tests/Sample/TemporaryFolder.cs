namespace AutoStack.Data.Platform.Tests.Sample;

/// <summary>A folder for the temporary files of a platform.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("autostack-sample-");

    public string Path => folder.FullName;

    /// <summary>The workspaces of platforms.</summary>
    public string[] Workspaces => Directory.GetDirectories(Path, "autostack-platform-*");

    /// <summary>The folders of sites and builds.</summary>
    public string[] SitesAndBuilds =>
    [
        .. new[] { "sites", "builds" }
            .SelectMany(kind => Workspaces.Select(workspace => System.IO.Path.Combine(workspace, kind)))
            .Where(Directory.Exists)
            .SelectMany(Directory.GetDirectories),
    ];

    public void Dispose() => folder.Delete(recursive: true);
}
