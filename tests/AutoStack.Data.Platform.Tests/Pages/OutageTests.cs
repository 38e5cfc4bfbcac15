using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Platform.Tests.Pages;

/// <summary>The sample platform on a database server that goes away, and on a machine without git.</summary>
public sealed class OutageTests
{
    // What the builds of the examples start; git is not among it.
    private static readonly string[] Tools = ["sleep", "mkdir", "sh"];

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task A_restart_of_the_database_server_costs_no_line_and_no_build_and_git_is_not_needed()
    {
        await using var server = await RestartingServer.StartAsync(Token);
        using var path = new ToolFolder();
        await using var platform = await PlatformProcess.StartAsync(server.ConnectionString, path.Path, Token);
        await using var ada = await Browser.Current.VisitAsync(platform.Address);
        var tab = await ada.DeployAsync("slow");
        await tab.UntilLineAsync("step 1 of 60");
        await server.RestartAsync(Token);
        await tab.UntilLineAsync("step 4 of 60");
        await tab.UntilStatusAsync("building");
        await tab.ClickAsync("#cancel");
        await tab.UntilStatusAsync("cancelled");
        await tab.UntilAsync("document.querySelector('#connection').textContent === 'complete'");
        var numbers = await tab.LineNumbersAsync();

        Assert.That(numbers, Is.EqualTo(Enumerable.Range(1, numbers.Length)));

        await tab.GoAsync("/projects.html");
        await tab.ClickAsync("[value=git]");
        await tab.FillAsync("#new-project [name=name]", "of git");
        await tab.FillAsync("#new-project [name=repository]", "https://git.example.com/ada/site");
        await tab.ClickAsync("#new-project button");
        await tab.ClickAsync("#deploy");
        await tab.UntilStatusAsync("failed");

        Assert.That(
            await tab.EvaluateAsync<string>("document.querySelector('#summary').textContent"),
            Does.Contain("The program 'git' is not installed on the machine of the platform."));
    }

    /// <summary>A folder with links to programs, and nothing else.</summary>
    private sealed class ToolFolder : IDisposable
    {
        private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("autostack-tools-");

        public ToolFolder()
        {
            foreach (var tool in Tools)
            {
                var place = new[] { "/usr/bin", "/bin" }.Select(bin => System.IO.Path.Combine(bin, tool)).First(File.Exists);
                File.CreateSymbolicLink(System.IO.Path.Combine(folder.FullName, tool), place);
            }
        }

        public string Path => folder.FullName;

        public void Dispose() => folder.Delete(recursive: true);
    }
}
