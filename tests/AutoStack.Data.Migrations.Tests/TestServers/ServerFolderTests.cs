using System.Diagnostics;
using AutoStack.Data.LocalServer;

namespace AutoStack.Data.Migrations.Tests.TestServers;

/// <summary>The folders of servers in a place that all users of a machine share, such as /tmp.</summary>
[Platform("Linux")]
public sealed class ServerFolderTests
{
    // A user to whom the library gives no folder.
    private const string Stranger = "4242";

    private static readonly string Dead = (OwnerProcess.Current with { Started = "0" }).ToString();

    private string place = "";

    [SetUp]
    public void Create() => place = Directory.CreateTempSubdirectory("folders-").FullName;

    [TearDown]
    public void Remove() => Directory.Delete(place, recursive: true);

    [Test]
    public async Task The_folders_of_dead_processes_are_removed_and_those_of_living_ones_stay()
    {
        var living = ServerFolder.Create(place);
        var dead = ServerFolder.Create(place);
        await File.WriteAllTextAsync(Path.Combine(dead, "owner"), Dead);
        Directory.CreateDirectory(Path.Combine(dead, "data", "base"));
        await ServerFolder.RemoveAbandonedAsync(CancellationToken.None, place);
        Assert.That(Directory.GetDirectories(place), Is.EqualTo([living]));
    }

    // Opening a named pipe waits for a writer, and /dev/zero has no end. The wait is over when the other end is opened.
    [TestCase("mkfifo owner", TestName = "A_named_pipe")]
    [TestCase("ln -s /dev/zero owner", TestName = "A_link_to_a_device")]
    [TestCase("mkfifo pipe && ln -s pipe owner", TestName = "A_link_to_a_pipe")]
    [TestCase("mkdir owner", TestName = "A_folder")]
    [TestCase("yes | head -c 4097 > owner", TestName = "A_long_file")]
    [TestCase("printf '%s' \"$DEAD\" > owner && mkdir data && mkfifo data/postmaster.pid",
        TestName = "A_pipe_as_the_file_of_the_server")]
    public async Task What_is_not_a_small_file_is_not_read(string make)
    {
        var folder = Directory.CreateDirectory(Path.Combine(place, "autostack-postgres-evil")).FullName;
        Sh($"cd {folder} && {make}");
        var removal = Task.Run(() => ServerFolder.RemoveAbandonedAsync(CancellationToken.None, place));
        var ended = await Task.WhenAny(removal, Task.Delay(TimeSpan.FromMinutes(1)));
        Assert.That(ended, Is.SameAs(removal), "the removal waits for a file that is not a file");
        await removal;
    }

    [Test]
    public async Task A_folder_of_another_user_stays_whatever_its_owner_file_says()
    {
        AsRoot();
        var folder = ServerFolder.Create(place);
        await File.WriteAllTextAsync(Path.Combine(folder, "owner"), Dead);
        Sh($"chown -R {Stranger} {folder}");
        await ServerFolder.RemoveAbandonedAsync(CancellationToken.None, place);
        Assert.That(Directory.Exists(folder), Is.True);
    }

    [Test]
    public async Task A_file_of_another_user_in_an_own_folder_is_not_read()
    {
        AsRoot();
        var folder = ServerFolder.Create(place);
        await File.WriteAllTextAsync(Path.Combine(folder, "owner"), Dead);
        Sh($"chown {Stranger} {folder}/owner");
        await ServerFolder.RemoveAbandonedAsync(CancellationToken.None, place);
        Assert.That(Directory.Exists(folder), Is.True);
    }

    [Test]
    public async Task A_link_to_a_folder_is_not_followed()
    {
        var target = Directory.CreateDirectory(Path.Combine(place, "target")).FullName;
        await File.WriteAllTextAsync(Path.Combine(target, "owner"), Dead);
        Directory.CreateSymbolicLink(Path.Combine(place, "autostack-postgres-link"), target);
        await ServerFolder.RemoveAbandonedAsync(CancellationToken.None, place);
        Assert.That(File.Exists(Path.Combine(target, "owner")), Is.True);
    }

    // A file that the folder's user may not remove shows with whose rights the removal ran.
    [Test]
    public async Task Root_removes_a_folder_of_the_servers_user_with_the_rights_of_that_user()
    {
        AsRoot();
        Sh($"chmod 711 {place}");
        var folder = ServerFolder.Create(place);
        await File.WriteAllTextAsync(Path.Combine(folder, "owner"), Dead);
        Sh($"mkdir -p {folder}/data && chown -R nobody {folder} && mkdir {folder}/foreign && touch {folder}/foreign/kept");
        await ServerFolder.RemoveAbandonedAsync(CancellationToken.None, place);
        Assert.That(Directory.GetFileSystemEntries(folder, "*", SearchOption.AllDirectories).Select(Path.GetFileName),
            Is.EquivalentTo(["foreign", "kept"]));

        var next = ServerFolder.Create(place);
        await File.WriteAllTextAsync(Path.Combine(next, "owner"), Dead);
        Sh($"mkdir {next}/data && chown -R nobody {next}");
        await ServerFolder.RemoveAbandonedAsync(CancellationToken.None, place);
        Assert.That(Directory.Exists(next), Is.False);
    }

    // A server that is named, and one in a container, need no folder of this machine.
    [Test]
    public async Task A_search_that_starts_no_server_looks_at_no_folder()
    {
        var folder = ServerFolder.Create();
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "owner"), Dead);
            Assert.That(
                () => ServerSearch.StartFirstAsync(
                    [new Candidate("named", _ => throw new UnusableException("not set"))], 14, CancellationToken.None),
                Throws.InstanceOf<UnusableException>());
            Assert.That(Directory.Exists(folder), Is.True);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void AsRoot()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("only root can give a folder to another user");
        }
    }

    private static void Sh(string command)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", command]);
        start.Environment["DEAD"] = Dead;
        using var process = Process.Start(start)!;
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero, command);
    }
}
