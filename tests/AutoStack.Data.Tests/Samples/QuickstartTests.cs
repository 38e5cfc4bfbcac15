using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Quickstart;
using Samples;

namespace AutoStack.Data.Tests.Samples;

/// <summary>The sample's worker, with builds and output folders of a hostile tenant.</summary>
[Platform(Exclude = "Win")]
public sealed class QuickstartTests
{
    private const string Hidden = "Host=db;Password=hunter2";
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private Workspace workspace = null!;
    private Shell shell = null!;
    private string checkout = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public void Create()
    {
        workspace = new Workspace();
        shell = new Shell(workspace);
        checkout = workspace.Folder("builds", "one");
        File.WriteAllText(Path.Combine(workspace.Folder("builds", "two", "dist"), "secret.txt"), "another tenant's");
    }

    [TearDown]
    public void Remove() => workspace.Dispose();

    [TestCase(TransitionOutcome.Applied, true)]
    [TestCase(TransitionOutcome.AlreadyThere, true)]
    [TestCase(TransitionOutcome.Cancelled, false)]
    [TestCase(TransitionOutcome.AlreadyFinished, false)]
    [TestCase(TransitionOutcome.OutOfOrder, false)]
    [TestCase(TransitionOutcome.NotFound, false)]
    [TestCase(TransitionOutcome.LostLease, false)]
    public void The_worker_stops_unless_its_step_is_in_effect(TransitionOutcome outcome, bool mayContinue) =>
        Assert.That(outcome.MayContinue(), Is.EqualTo(mayContinue));

    [TestCase("dist")]
    [TestCase("./dist")]
    [TestCase("dist/")]
    [TestCase("build/public")]
    [TestCase("build\\public")]
    [TestCase("build//public/.")]
    [TestCase(".output")]
    [TestCase("..dist")]
    [TestCase("")]
    [TestCase(".")]
    public void An_output_folder_below_the_checkout_is_found(string name)
    {
        var expected = Path.Combine([checkout, .. name.Split('/', '\\').Where(part => part is not ("" or "."))]);
        Directory.CreateDirectory(expected);

        Assert.That(OutputFolder.Find(checkout, name), Is.EqualTo(expected));
    }

    [TestCase("..")]
    [TestCase("../two/dist")]
    [TestCase("dist/../../two/dist")]
    [TestCase("dist/..")]
    [TestCase("..\\two\\dist")]
    [TestCase("dist\\..\\..\\two")]
    [TestCase(".. /two")]
    [TestCase("...")]
    [TestCase(" ")]
    [TestCase("/etc")]
    [TestCase("//etc")]
    [TestCase("\\\\server\\share")]
    [TestCase("\\Windows")]
    [TestCase("C:\\Windows")]
    [TestCase("C:dist")]
    [TestCase("dist:stream")]
    [TestCase("dist\0/etc")]
    [TestCase("dist\n")]
    [TestCase(".git")]
    [TestCase(".GIT/objects")]
    [TestCase("missing")]
    public void An_output_folder_elsewhere_is_refused(string name)
    {
        Directory.CreateDirectory(Path.Combine(checkout, "dist"));
        Directory.CreateDirectory(Path.Combine(checkout, ".git", "objects"));

        Assert.That(() => OutputFolder.Find(checkout, name), Throws.TypeOf<StepFailedException>().With.Message.Not.Contains(checkout));
    }

    [TestCase("link")]
    [TestCase("link/dist")]
    [TestCase("inside/link/dist")]
    [TestCase("file")]
    public void An_output_folder_reached_through_a_link_is_refused(string name)
    {
        var two = workspace.Folder("builds", "two");
        Directory.CreateDirectory(Path.Combine(checkout, "inside"));
        Directory.CreateSymbolicLink(Path.Combine(checkout, "link"), two);
        Directory.CreateSymbolicLink(Path.Combine(checkout, "inside", "link"), two);
        File.CreateSymbolicLink(Path.Combine(checkout, "file"), "/etc/passwd");

        Assert.That(() => OutputFolder.Find(checkout, name), Throws.TypeOf<StepFailedException>());
    }

    [Test]
    public void Links_sockets_and_the_repository_itself_are_not_copied()
    {
        var dist = Directory.CreateDirectory(Path.Combine(checkout, "dist", "assets")).Parent!.FullName;
        File.WriteAllText(Path.Combine(dist, "assets", "a.css"), "a");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(dist, ".git")).FullName, "config"), "token");
        File.CreateSymbolicLink(Path.Combine(dist, "passwd"), "/etc/passwd");
        Directory.CreateSymbolicLink(Path.Combine(dist, "two"), workspace.Folder("builds", "two"));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(dist, "socket")));
        var target = workspace.Folder("artifacts", "one");

        Assert.That(OutputFolder.Copy(OutputFolder.Find(checkout, "dist"), target), Is.EqualTo(1));
        Assert.That(
            Directory.EnumerateFileSystemEntries(target, "*", SearchOption.AllDirectories).Select(
                path => Path.GetRelativePath(target, path)),
            Is.EquivalentTo(new[] { "assets", "assets/a.css" }));
    }

    [Test]
    public void An_output_folder_that_is_too_large_is_not_copied()
    {
        using (var file = File.Create(Path.Combine(checkout, "large")))
        {
            file.SetLength(OutputFolder.MaxBytes + 1);
        }

        Assert.That(
            () => OutputFolder.Copy(checkout, workspace.Folder("artifacts", "one")),
            Throws.TypeOf<StepFailedException>().With.Message.Contains("MiB"));
    }

    [Test]
    public async Task A_build_does_not_see_the_environment_of_the_worker()
    {
        string[] names = ["ConnectionStrings__AutoStack", "PGPASSWORD", "GITHUB_TOKEN", "LD_PRELOAD_X", "DOTNET_STARTUP_HOOKS_X"];
        foreach (var name in names)
        {
            Environment.SetEnvironmentVariable(name, Hidden);
        }

        var lines = await OutputOfAsync("env");

        Assert.That(lines, Has.None.Contains("hunter2"));
        Assert.That(
            lines,
            Has.Some.StartsWith("PATH=")
                .And.Some.EqualTo($"HOME={workspace.Folder("homes", "one")}")
                .And.Some.EqualTo($"TMPDIR={workspace.Folder("tmp", "one")}"));
    }

    [Test]
    public async Task A_build_that_does_not_end_is_killed_with_its_children()
    {
        var lines = new List<string>();
        var started = Stopwatch.GetTimestamp();

        Assert.That(
            () => shell.RunCommandAsync(checkout, "sleep 300 & echo $!; sleep 300", lines.Add, TimeSpan.FromSeconds(1), Token),
            Throws.TypeOf<StepFailedException>().With.Message.Contains("1 s"));
        Assert.That(Stopwatch.GetElapsedTime(started), Is.LessThan(Long));
        await AssertGoneAsync(lines.Single());
    }

    [Test, Platform("Linux")]
    public async Task Background_processes_of_a_build_are_killed_without_delay()
    {
        var started = Stopwatch.GetTimestamp();

        // In a session of its own, with the pipes of the build still open.
        var lines = await OutputOfAsync("setsid sh -c 'echo $$; exec sleep 300' & sleep 0.5");

        Assert.That(Stopwatch.GetElapsedTime(started), Is.LessThan(Long));
        await AssertGoneAsync(lines.Single());
    }

    [Test]
    public async Task An_endless_line_is_cut_into_lines()
    {
        var lines = await OutputOfAsync("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end");

        Assert.That(lines.Select(line => line.Length), Is.All.LessThanOrEqualTo(ChildProcess.MaxLineLength));
        Assert.That(lines.Sum(line => line.Length), Is.EqualTo(1_000_003));
        Assert.That(lines[^1], Is.EqualTo("end"));
    }

    [Test]
    public async Task A_repository_address_that_starts_a_program_is_not_fetched()
    {
        foreach (var address in new[] { "ext::sh -c 'touch pwned'", "--upload-pack=touch pwned", "ssh://-oProxyCommand=touch%20pwned/x" })
        {
            Assert.That(
                await shell.RunAsync(checkout, "git", ["clone", "--no-checkout", "--no-local", "--", address, "x"], _ => { }, Long, Token),
                Is.Not.Zero);
            Assert.That(Directory.EnumerateFileSystemEntries(checkout, "pwned*", SearchOption.AllDirectories), Is.Empty);
        }
    }

    private static async Task AssertGoneAsync(string processId)
    {
        // The kernel takes a moment to bury it.
        for (var i = 0; i < 50 && IsAlive(); i++)
        {
            await Task.Delay(100, Token);
        }

        Assert.That(IsAlive(), Is.False);

        bool IsAlive()
        {
            try
            {
                using var process = Process.GetProcessById(int.Parse(processId, CultureInfo.InvariantCulture));
                return !process.HasExited
                    && !(OperatingSystem.IsLinux() && File.ReadAllText($"/proc/{processId}/stat").Contains(
                        ") Z ", StringComparison.Ordinal));
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or IOException)
            {
                return false;
            }
        }
    }

    private async Task<List<string>> OutputOfAsync(string command)
    {
        var lines = new List<string>();
        Assert.That(await shell.RunCommandAsync(checkout, command, lines.Add, Long, Token), Is.Zero);
        return lines;
    }
}
