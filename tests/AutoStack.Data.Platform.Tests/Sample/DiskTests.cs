using System.Diagnostics;
using AutoStack.Data.Platform.Tests.Pages;

namespace AutoStack.Data.Platform.Tests.Sample;

/// <summary>The folders that the sample platform gives back.</summary>
[Platform("Linux")]
[CancelAfter(180_000)]
public sealed class DiskTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Only_the_site_that_runs_has_a_folder()
    {
        using var folder = new TemporaryFolder();
        await using var git = await GitServer.StartAsync(("index.html", "<h1>From git</h1>"));
        await using var platform = await PlatformProcess.StartAsync(connectionString: null, path: null, Token, folder.Path);
        using var ada = await PlatformClient.SignUpAsync(platform);

        await EndAsync("failed", await ada.DeployAsync(git.Address, "mkdir dist", "dist"));
        Assert.That(folder.SitesAndBuilds, Is.Empty, "The site did not start.");

        await EndAsync("failed", await ada.DeployAsync(git.Address, "mkdir dist; truncate -s 1100M dist/large", "dist"));
        Assert.That(folder.SitesAndBuilds, Is.Empty, "The files were not copied.");

        var project = await ada.AddProjectAsync(new { name = "site", example = "hello" });
        await EndAsync("success", await ada.DeployAsync(project));
        await EndAsync("success", await ada.DeployAsync(project));
        Assert.That(folder.SitesAndBuilds, Has.Length.EqualTo(1), "The second site has replaced the first.");

        await ada.RemoveProjectAsync(project);
        Assert.That(folder.SitesAndBuilds, Is.Empty, "The project was removed.");

        async Task EndAsync(string status, Guid deployment)
        {
            Assert.That((await ada.UntilEndedAsync(deployment)).Status, Is.EqualTo(status));

            // The worker reports the end of a build after it.
            Assert.That(folder.Workspaces, Has.Length.EqualTo(1));
        }
    }

    [Test]
    public async Task The_next_start_removes_the_folder_of_a_run_that_was_killed_and_no_other_one()
    {
        using var folder = new TemporaryFolder();
        var killed = await PlatformProcess.StartAsync(connectionString: null, path: null, Token, folder.Path);
        using (var ada = await PlatformClient.SignUpAsync(killed))
        {
            Assert.That((await ada.UntilEndedAsync(await ada.DeployAsync("hello"))).Status, Is.EqualTo("success"));
        }

        await killed.KillAsync();
        var abandoned = folder.Workspaces.Single();
        var others = new List<string>
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, "autostack-platform-without-owner")).FullName,
        };
        Directory.CreateSymbolicLink(Path.Combine(folder.Path, "autostack-platform-link"), TestContext.CurrentContext.TestDirectory);
        others.Add(Path.Combine(folder.Path, "autostack-platform-link"));
        if (Environment.IsPrivilegedProcess)
        {
            others.Add(await OfAnotherUserAsync(folder.Path));
        }

        await using var next = await PlatformProcess.StartAsync(connectionString: null, path: null, Token, folder.Path);
        var own = folder.Workspaces.Except(others).ToList();
        Assert.That(own, Has.Count.EqualTo(1).And.Not.Contain(abandoned));
        Assert.That(others.All(Directory.Exists), Is.True, string.Join(' ', folder.Workspaces));

        await using (var third = await PlatformProcess.StartAsync(connectionString: null, path: null, Token, folder.Path))
        {
            Assert.That(folder.Workspaces, Is.SupersetOf(own.Concat(others)), "A platform has removed the folder of one that runs.");
        }

        Assert.That(folder.Workspaces, Is.EquivalentTo(own.Concat(others)));
    }

    private static async Task<string> OfAnotherUserAsync(string parent)
    {
        var path = Directory.CreateDirectory(Path.Combine(parent, "autostack-platform-of-another-user")).FullName;
        await File.WriteAllTextAsync(Path.Combine(path, "owner"), "", Token);
        using var chown = Process.Start("chown", ["-R", "65534", path]);
        await chown.WaitForExitAsync(Token);
        return path;
    }
}
