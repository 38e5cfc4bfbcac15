using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Platform.Tests.Pages;

namespace AutoStack.Data.Platform.Tests.Sample;

/// <summary>What builds of strangers start, write and leave behind in the sample platform.</summary>
[Platform("Linux")]
[CancelAfter(120_000)]
public sealed class BuildTests
{
    private const int MaxLineLength = 8192;

    private PlatformProcess platform = null!;
    private GitServer git = null!;
    private PlatformClient ada = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        git = await GitServer.StartAsync(("index.html", "<h1>From git</h1>"));
        platform = await PlatformProcess.StartAsync(connectionString: null, path: null, Token);
        ada = await PlatformClient.SignUpAsync(platform);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        ada.Dispose();
        await platform.DisposeAsync();
        await git.DisposeAsync();
    }

    [TestCase("sleep 3333 & echo pid $!")]
    [TestCase("nohup sleep 3333 > /dev/null 2>&1 & echo pid $!")]
    [TestCase("setsid sleep 3333 & echo pid $!")]
    public async Task What_a_build_leaves_in_the_background_ends_with_it(string command)
    {
        var deployment = await ada.DeployAsync(git.Address, $"{command}; echo finished", "");
        var log = await ada.ReadLogAsync(deployment);

        Assert.That(await ada.UntilEndedAsync(deployment), Is.EqualTo(("success", (string?)null)));
        Assert.That(log, Does.Contain("finished"));
        Assert.That(IsAlive(log), Is.False);
    }

    // The parent of the program has ended: it is no longer among the children of the build.
    [Test]
    public async Task A_cancel_ends_what_the_build_has_put_into_the_background()
    {
        var deployment = await ada.DeployAsync(git.Address, "(sleep 3333 & echo pid $!); sleep 3333", "");
        var log = await ada.ReadLogAsync(deployment, line => line.StartsWith("pid ", StringComparison.Ordinal));
        await ada.CancelAsync(deployment);
        while (IsAlive(log))
        {
            await Task.Delay(100, Token);
        }

        Assert.That((await ada.UntilEndedAsync(deployment)).Status, Is.EqualTo("cancelled"));
    }

    // A program without the environment of the build is not found; the build does not wait for it.
    [Test]
    public async Task A_program_that_escapes_does_not_keep_the_build()
    {
        var deployment = await ada.DeployAsync(git.Address, "env -i sleep 60 & echo pid $!", "");

        Assert.That((await ada.UntilEndedAsync(deployment)).Status, Is.EqualTo("success"));
        Assert.That(IsAlive(await ada.ReadLogAsync(deployment)), Is.True, "The build has waited for the program.");
    }

    [Test]
    public async Task A_line_without_an_end_is_cut()
    {
        var deployment = await ada.DeployAsync(git.Address, "head -c 100000 /dev/zero | tr '\\0' x; echo; echo end", "");
        var written = (await ada.ReadLogAsync(deployment)).Where(line => line.Length > 0 && line.All(letter => letter == 'x')).ToList();

        Assert.That(written.Select(line => line.Length), Is.All.LessThanOrEqualTo(MaxLineLength));
        Assert.That(written.Sum(line => line.Length), Is.EqualTo(100_000));
    }

    [Test]
    public async Task A_project_with_the_longest_name_is_deployed()
    {
        var deployment = await ada.DeployAsync("hello", new string('x', 255));

        Assert.That(await ada.UntilEndedAsync(deployment), Is.EqualTo(("success", (string?)null)));
    }

    [Test]
    public async Task An_output_folder_without_a_first_page_fails_with_that_reason()
    {
        var deployment = await ada.DeployAsync(git.Address, "mkdir dist; cp index.html dist/page.html", "dist");

        Assert.That(
            await ada.UntilEndedAsync(deployment),
            Is.EqualTo(("failed", "The site has no first page: the output folder needs an index.html.")));
    }

    [Test]
    public async Task What_git_writes_to_standard_error_does_not_stop_the_build_and_its_failure_is_named()
    {
        using var tools = new TemporaryFolder();
        var program = Path.Combine(tools.Path, "git");
        await File.WriteAllTextAsync(program, """
            #!/bin/sh
            if [ "$1" = clone ]; then
                echo "$@" > arguments
                echo hello > index.html
            elif grep -q loud arguments; then
                yes 'warning: loud' | head -20000 >&2
                printf '%s\n' 0123456789012345678901234567890123456789 Grace 2026-01-01T00:00:00Z Subject
            else
                exit 3
            fi
            """, Token);
        using (var chmod = Process.Start("chmod", ["+x", program]))
        {
            await chmod.WaitForExitAsync(Token);
        }

        var path = $"{tools.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        await using var other = await PlatformProcess.StartAsync(connectionString: null, path, Token);
        using var eve = await PlatformClient.SignUpAsync(other);
        var loud = await eve.DeployAsync("https://git.example.com/ada/loud", "", "");
        var broken = await eve.DeployAsync("https://git.example.com/ada/broken", "", "");

        Assert.That(
            await eve.UntilEndedAsync(broken),
            Is.EqualTo(("failed", "'git log -1 --format=%H%n%an%n%cI%n%s' ended with exit code 3.")));
        Assert.That(await eve.UntilEndedAsync(loud), Is.EqualTo(("success", (string?)null)));
        Assert.That(await eve.ReadLogAsync(loud), Does.Contain("warning: loud"));
    }

    // The process whose id a line names.
    private static bool IsAlive(List<string> log)
    {
        var line = log.Single(line => line.StartsWith("pid ", StringComparison.Ordinal));
        try
        {
            // A process that nobody has waited for yet is dead.
            var id = int.Parse(line["pid ".Length..], CultureInfo.InvariantCulture);
            return !File.ReadAllText($"/proc/{id}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is IOException)
        {
            return false;
        }
    }
}
