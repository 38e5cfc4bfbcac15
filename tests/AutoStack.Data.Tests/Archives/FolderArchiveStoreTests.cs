using AutoStack.Data.Archives;

namespace AutoStack.Data.Tests.Archives;

/// <summary>A folder as a store: whole objects, names that stay within it, and nothing that is replaced.</summary>
public sealed class FolderArchiveStoreTests
{
    private string root = "";
    private string folder = "";
    private FolderArchiveStore store = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public void Create()
    {
        root = Directory.CreateTempSubdirectory("store-").FullName;
        folder = Path.Combine(root, "archives");
        store = new FolderArchiveStore(folder);
    }

    [TearDown]
    public void Remove() => Directory.Delete(root, recursive: true);

    [Test]
    public async Task Objects_are_written_listed_read_and_removed()
    {
        Assert.That(await store.ListAsync(Token), Is.Empty, "before the folder is there");
        await WriteAsync("a.json", "one");
        await WriteAsync("b.csv.gz", "");

        Assert.That(
            await store.ListAsync(Token), Is.EquivalentTo(new[] { new StoredObject("a.json", 3), new StoredObject("b.csv.gz", 0) }));
        Assert.That(await ReadAsync("a.json"), Is.EqualTo("one"));
        Assert.That(await store.OpenAsync("c", Token), Is.Null);
        Assert.That(await store.RemoveAsync("a.json", Token), Is.True);
        Assert.That(await store.RemoveAsync("a.json", Token), Is.False);
        Assert.That((await store.ListAsync(Token)).Select(one => one.Name), Is.EqualTo(new[] { "b.csv.gz" }));
    }

    [TestCase("../x")]
    [TestCase("..")]
    [TestCase(".")]
    [TestCase("")]
    [TestCase(" ")]
    [TestCase("a/b")]
    [TestCase("a\\b")]
    [TestCase("/etc/passwd")]
    [TestCase("C:x")]
    [TestCase(".hidden")]
    [TestCase("-option")]
    [TestCase("a\nb")]
    [TestCase("a\n")]
    [TestCase("a\0b")]
    [TestCase("\u00e4")]
    public void Names_cannot_leave_the_folder(string name)
    {
        Assert.That(() => WriteAsync(name, "x"), Throws.ArgumentException.With.Message.Contains("name"));
        Assert.That(() => store.OpenAsync(name, Token), Throws.ArgumentException);
        Assert.That(() => store.RemoveAsync(name, Token), Throws.ArgumentException);
        Assert.That(Directory.EnumerateFileSystemEntries(root), Is.Empty);
    }

    [Test]
    public void Names_are_bounded_and_arguments_are_named()
    {
        Assert.That(() => WriteAsync(new('x', 201), "x"), Throws.ArgumentException);
        Assert.That(() => WriteAsync(new('x', 200), "x"), Throws.Nothing);
        Assert.That(() => store.WriteAsync(null!, (_, _) => Task.CompletedTask, Token), Throws.ArgumentNullException);
        Assert.That(() => store.WriteAsync("a", null!, Token), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("write"));
        Assert.That(() => new FolderArchiveStore(" "), Throws.ArgumentException.With.Property("ParamName").EqualTo("folder"));
    }

    [Test]
    public async Task A_link_in_the_folder_is_not_followed()
    {
        await WriteAsync("a", "x");
        var outside = Path.Combine(root, "outside");
        await File.WriteAllTextAsync(outside, "secret", Token);
        File.CreateSymbolicLink(Path.Combine(folder, "link"), outside);
        File.CreateSymbolicLink(Path.Combine(folder, "dangling"), Path.Combine(root, "made"));

        Assert.That(() => store.OpenAsync("link", Token), Throws.TypeOf<IOException>().With.Message.Contains("is a link"));
        Assert.That((await store.ListAsync(Token)).Select(one => one.Name), Is.EqualTo(new[] { "a" }));
        Assert.That(() => WriteAsync("link", "changed"), Throws.InstanceOf<IOException>());
        Assert.That(() => WriteAsync("dangling", "changed"), Throws.InstanceOf<IOException>());
        Assert.That(await File.ReadAllTextAsync(outside, Token), Is.EqualTo("secret"));
        Assert.That(File.Exists(Path.Combine(root, "made")), Is.False);
    }

    [Test]
    public async Task An_object_appears_when_it_is_complete_and_is_not_replaced()
    {
        await store.WriteAsync(
            "a",
            async (stream, token) =>
            {
                await stream.WriteAsync("one"u8.ToArray(), token);
                await stream.FlushAsync(token);
                Assert.That(await store.ListAsync(token), Is.Empty);
                Assert.That(await store.OpenAsync("a", token), Is.Null);
            },
            Token);

        Assert.That(() => WriteAsync("a", "two"), Throws.InstanceOf<IOException>().With.Message.Contains("exists"));
        Assert.That(
            () => store.WriteAsync("b", (_, _) => throw new InvalidOperationException("stop"), Token), Throws.InvalidOperationException);
        Assert.That(await ReadAsync("a"), Is.EqualTo("one"));
        Assert.That(Directory.EnumerateFiles(folder).Select(Path.GetFileName), Is.EqualTo(new[] { "a" }));
    }

    [Test]
    public async Task Of_concurrent_writes_of_a_name_one_succeeds()
    {
        using var all = new Barrier(4);
        foreach (var name in Enumerable.Range(0, 20).Select(round => $"object-{round}"))
        {
            var writes = Enumerable.Range(0, 4).Select(n => Task.Run(() => store.WriteAsync(
                name,
                async (stream, token) =>
                {
                    await stream.WriteAsync(new[] { (byte)('0' + n) }, token);
                    all.SignalAndWait(token);
                },
                Token))).ToList();
            await Task.WhenAll(writes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

            Assert.That(writes.Count(write => write.IsCompletedSuccessfully), Is.EqualTo(1));
            Assert.That(await ReadAsync(name), Is.EqualTo($"{writes.FindIndex(write => write.IsCompletedSuccessfully)}"));
        }

        Assert.That(Directory.EnumerateFiles(folder).Count(), Is.EqualTo(20));
    }

    [Test]
    public async Task What_a_killed_process_has_left_is_no_object_and_is_removed_after_days()
    {
        await WriteAsync("a", "x");
        var (old, young) = (Path.Combine(folder, ".b.00000000.partial"), Path.Combine(folder, ".c.00000000.partial"));
        await File.WriteAllTextAsync(old, "x", Token);
        await File.WriteAllTextAsync(young, "x", Token);
        File.SetLastWriteTimeUtc(old, DateTime.UtcNow.AddDays(-3));

        Assert.That((await store.ListAsync(Token)).Select(one => one.Name), Is.EqualTo(new[] { "a" }));
        await WriteAsync("d", "x");
        Assert.That((File.Exists(old), File.Exists(young)), Is.EqualTo((false, true)));
    }

    [Test]
    public async Task A_file_that_is_removed_while_the_folder_is_listed_is_left_out()
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            await WriteAsync(name, name);
        }

        var files = new[] { "a", "b", "c" }.Select(name => new FileInfo(Path.Combine(folder, name))).ToList();
        await store.RemoveAsync("b", Token);

        Assert.That(
            FolderArchiveStore.ObjectsOf(files), Is.EqualTo(new[] { new StoredObject("a", 1), new StoredObject("c", 1) }));
    }

    private Task WriteAsync(string name, string text) =>
        store.WriteAsync(name, (stream, token) => stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text), token).AsTask(), Token);

    private async Task<string> ReadAsync(string name)
    {
        using var reader = new StreamReader((await store.OpenAsync(name, Token))!);
        return await reader.ReadToEndAsync(Token);
    }
}
