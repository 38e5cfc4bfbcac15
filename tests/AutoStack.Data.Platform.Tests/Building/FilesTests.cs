using System.Diagnostics;
using System.Net.Sockets;
using AutoStack.Data.Hosting;
using Platform.Building;

namespace AutoStack.Data.Platform.Tests.Building;

/// <summary>The copy of the files that a stranger's build has written.</summary>
public sealed class FilesTests
{
    private string folder = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    private string Source => Path.Combine(folder, "dist");

    private string Target => Path.Combine(folder, "copy");

    [SetUp]
    public void Create()
    {
        folder = Directory.CreateTempSubdirectory("files").FullName;
        Directory.CreateDirectory(Path.Combine(Source, "sub"));
        File.WriteAllText(Path.Combine(Source, "index.html"), "index");
        File.WriteAllText(Path.Combine(Source, "sub", "page.html"), "page");
    }

    [TearDown]
    public void Delete() => Directory.Delete(folder, recursive: true);

    [Test]
    public void Files_are_copied_with_their_folders_and_without_git()
    {
        Directory.CreateDirectory(Path.Combine(Source, ".git"));
        File.WriteAllText(Path.Combine(Source, ".git", "config"), "secret");

        Assert.That(Files.Copy(Source, Target), Is.EqualTo(2));
        Assert.That(Copied(), Is.EquivalentTo(new[] { "index.html", Path.Combine("sub", "page.html") }));
        Assert.That(File.ReadAllText(Path.Combine(Target, "sub", "page.html")), Is.EqualTo("page"));
    }

    [Test]
    [Platform("Linux")]
    public void A_file_that_may_only_be_read_is_copied()
    {
        File.SetAttributes(Path.Combine(Source, "index.html"), FileAttributes.ReadOnly);

        Assert.That(Files.Copy(Source, Target), Is.EqualTo(2));
    }

    [Test]
    public void A_copy_that_fails_has_a_reason_for_the_owner()
    {
        File.WriteAllText(Target, "in the way");

        Assert.That(
            () => Files.Copy(Source, Target),
            Throws.TypeOf<DeploymentFailedException>().With.Message.EqualTo("The files cannot be copied."));
    }

    // Opening a named pipe blocks until another program writes to it.
    [Test]
    [Platform("Linux")]
    [CancelAfter(60_000)]
    public async Task A_named_pipe_is_left_out()
    {
        using (var mkfifo = Process.Start("mkfifo", [Path.Combine(Source, "x")]))
        {
            await mkfifo.WaitForExitAsync(Token);
            Assert.That(mkfifo.ExitCode, Is.Zero);
        }

        Assert.That(await Task.Run(() => Files.Copy(Source, Target), Token).WaitAsync(Token), Is.EqualTo(2));
        Assert.That(Copied(), Has.Length.EqualTo(2));
    }

    [Test]
    [Platform("Linux")]
    public void A_socket_is_left_out()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(Path.Combine(Source, "x")));

        Assert.That(Files.Copy(Source, Target), Is.EqualTo(2));
        Assert.That(Copied(), Has.Length.EqualTo(2));
    }

    [Test]
    [Platform("Linux")]
    public void A_link_does_not_lead_out_of_the_folder()
    {
        var outside = Directory.CreateDirectory(Path.Combine(folder, "outside")).FullName;
        File.WriteAllText(Path.Combine(outside, "secret"), "secret");
        File.CreateSymbolicLink(Path.Combine(Source, "file"), Path.Combine(outside, "secret"));
        Directory.CreateSymbolicLink(Path.Combine(Source, "folder"), outside);
        File.CreateSymbolicLink(Path.Combine(Source, "device"), "/dev/zero");

        Assert.That(Files.Copy(Source, Target), Is.EqualTo(2));
        Assert.That(Copied(), Has.Length.EqualTo(2));
    }

    private string[] Copied() =>
        [.. Directory.GetFiles(Target, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Target, file))];
}
