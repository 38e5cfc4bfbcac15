namespace AutoStack.Data.Tests.Support;

/// <summary>The folder of the solution, for tests that read sources and documentation.</summary>
internal static class SourceRoot
{
    public static string Path { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(System.IO.Path.Combine(folder.FullName, "AutoStack.Data.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException(
                "No parent folder contains AutoStack.Data.sln: run the tests inside the source tree.");
        }

        return folder.FullName;
    }
}
