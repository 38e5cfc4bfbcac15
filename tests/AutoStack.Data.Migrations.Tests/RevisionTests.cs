using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

public sealed class RevisionTests
{
    private Workplace work = null!;

    [SetUp]
    public void MakeWorkplace() => work = new Workplace();

    [TearDown]
    public void RemoveWorkplace() => work.Dispose();

    [TestCase("add x", "add_x")]
    [TestCase("  Add  Index of USERS (e-mail)! ", "add_index_of_users_e_mail")]
    [TestCase("../../etc/passwd", "etc_passwd")]
    [TestCase("a\nDROP TABLE users;", "a_drop_table_users")]
    [TestCase("autostack: frob", "autostack_frob")]
    [TestCase("{name} {text}", "name_text")]
    [TestCase("größe 2", "gr_e_2")]
    public async Task A_revision_is_a_loadable_pair_that_passes_the_lint(string message, string slug)
    {
        foreach (var options in new string[][] { [], ["--no-transaction"] })
        {
            Assert.That((await RunAsync(["-m", message, .. options])).Code, Is.Zero);
        }

        var scripts = MigrationScript.Load(work.FileNames.Select(name => KeyValuePair.Create(name, work.Read(name))));
        var lint = await ConsoleRun.StartAsync(["lint"], work.Root);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(scripts.Select(script => script.Name), Is.EqualTo(new[] { "0001_" + slug, "0002_" + slug }));
            Assert.That(scripts.Select(script => script.Up.Transactional), Is.EqualTo(new[] { true, false }));
            Assert.That(scripts.SelectMany(script => script.Up.Statements.Concat(script.Down.Statements)), Is.Empty);
            Assert.That(lint.Code, Is.Zero, lint.Output);
        }
    }

    [Test]
    public async Task A_revision_takes_the_next_number_and_prints_its_paths()
    {
        work.WritePair("0001_add_t", "CREATE TABLE t ();");
        var up = Path.Combine("scripts", "sql", "0002_add_x.sql");
        var down = Path.Combine("scripts", "sql", "0002_add_x.down.sql");

        var text = await RunAsync("-m", "add x");
        var json = (await RunAsync("--message", "add y", "--json")).Json;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(text.Output, Is.EqualTo(up + Environment.NewLine + down + Environment.NewLine));
            Assert.That(File.Exists(Path.Combine(work.Root, up)) && File.Exists(Path.Combine(work.Root, down)), Is.True);
            Assert.That((json.GetProperty("version").GetInt32(), json.GetProperty("name").GetString()), Is.EqualTo((3, "0003_add_y")));
            Assert.That(json.GetProperty("up").GetString(), Is.EqualTo(Path.Combine("scripts", "sql", "0003_add_y.sql")));
            Assert.That(json.GetProperty("down").GetString(), Is.EqualTo(Path.Combine("scripts", "sql", "0003_add_y.down.sql")));
            Assert.That(work.FileNames.Count(), Is.EqualTo(6));
        }
    }

    [Test]
    public async Task A_revision_accepts_a_directory()
    {
        var run = await ConsoleRun.StartAsync(["revision", "-m", "add x", "--directory", work.Scripts], Path.GetTempPath());

        Assert.That((run.Code, string.Join(' ', work.FileNames)), Is.EqualTo((0, "0001_add_x.down.sql 0001_add_x.sql")));
    }

    [TestCase("nothing of a name", "-m", "!?")]
    [TestCase("empty", "-m", "")]
    [TestCase("too long", "-m", "add a column to the table of deployments that says who has asked for it and why")]
    [TestCase("no message")]
    [TestCase("no folder", "-m", "add x", "--directory", "nowhere")]
    public async Task Wrong_usage_exits_with_2_and_writes_nothing(string why, params string[] args)
    {
        Assert.That((await RunAsync(args)).Code, Is.EqualTo(2), why);
        Assert.That(work.FileNames, Is.Empty);
    }

    [TestCase("0002_add_b")]
    [TestCase("0001_add_a", "0001_add_b")]
    [TestCase("0001_add_a", "draft")]
    public async Task A_gap_or_duplicate_exits_with_1_and_writes_nothing(params string[] names)
    {
        foreach (var name in names)
        {
            work.WritePair(name, "");
        }

        var before = work.FileNames.ToList();
        var run = await RunAsync("-m", "add x", "--json");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Json.GetProperty("error").GetProperty("message").GetString(), Does.StartWith(names[^1]));
        Assert.That(work.FileNames, Is.EqualTo(before));
    }

    [Test]
    public async Task A_concurrent_revision_fails_and_writes_nothing()
    {
        const string Lock = ".revision.lock";
        using (new FileStream(
            Path.Combine(work.Scripts, Lock), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose))
        {
            var run = await RunAsync("-m", "add x", "--json");

            Assert.That(run.Code, Is.EqualTo(5));
            Assert.That(run.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("locked"));
            Assert.That(work.FileNames, Is.EqualTo(new[] { Lock }));
        }

        Assert.That((await RunAsync("-m", "add x")).Code, Is.Zero);
        Assert.That(work.FileNames, Does.Not.Contain(Lock));
    }

    [Test]
    public async Task Concurrent_revisions_get_different_numbers()
    {
        var runs = await Task.WhenAll(Enumerable.Range(0, 16).Select(n => Task.Run(() => RunAsync("-m", $"add x{n}"))));

        Assert.That(runs.Select(run => run.Code), Is.All.EqualTo(0).Or.EqualTo(5));
        Assert.That(MigrationScript.Load(work.FileNames.Select(name => KeyValuePair.Create(name, work.Read(name)))),
            Has.Count.EqualTo(runs.Count(run => run.Code == 0)).And.Not.Empty);
    }

    private Task<ConsoleRun> RunAsync(params string[] args) => ConsoleRun.StartAsync(["revision", .. args], work.Root);
}
