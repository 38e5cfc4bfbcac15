using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Checks;

/// <summary><c>check --ignore</c>: objects that are meant to differ.</summary>
public sealed class IgnoreListTests : SeededTests
{
    [Test]
    public void Lines_are_a_kind_and_a_name() => Assert.That(
        IgnoreList.Parse("# of the auditors\n\ntrigger users.audit_*\r\n  rowSecurity\tusers \nFUNCTION f(a text)").Lines,
        Is.EqualTo(new[]
        {
            new IgnoreLine(3, SchemaObjectKind.Trigger, "users.audit_*"),
            new IgnoreLine(4, SchemaObjectKind.RowSecurity, "users"),
            new IgnoreLine(5, SchemaObjectKind.Function, "f(a text)"),
        }));

    [TestCase("trigger users.a\ntriger users.b", "Line 2: 'triger' is not a kind of object. The kinds are extension, function, table, ")]
    [TestCase("# x\n\nindex", "Line 3: a name is missing after 'index'")]
    [TestCase("1 users", "Line 1: '1' is not a kind of object.")]
    public void A_wrong_line_is_an_error_with_its_number(string text, string message) =>
        Assert.That(() => IgnoreList.Parse(text), Throws.TypeOf<FormatException>().With.Message.StartsWith(message));

    [TestCase("users.audit", "users.audit", true)]
    [TestCase("users.audit", "users.audit2", false)]
    [TestCase("users.*", "users.audit", true)]
    [TestCase("*.audit_*", "users.audit_x", true)]
    [TestCase("users.a.b", "users.axb", false)]
    [TestCase("*", "a\nb", true)]
    [TestCase("[a]", "a", false)]
    public void A_star_stands_for_any_characters(string pattern, string name, bool matches)
    {
        var list = IgnoreList.Parse("index " + pattern);

        Assert.That((list.Names(SchemaObjectKind.Index, name), list.Names(SchemaObjectKind.Trigger, name)), Is.EqualTo((matches, false)));
    }

    [Test]
    public async Task Ignored_objects_are_no_drift_and_an_unused_line_is_reported()
    {
        await StartSeededAsync();
        await ExecuteAsync("ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON users USING (true); " +
            "ALTER TABLE users ADD own_nick text");
        using var file = new Workplace();
        file.Write("ignore.txt", "rowSecurity users\npolicy users.*\ncolumn users.own_*\nindex users.gone\n");

        var run = await CheckAsync(file, "ignore.txt");
        var json = await CheckAsync(file, "ignore.txt", "--json");
        var plain = await ConsoleRun.StartAsync(["check"], connection: ConnectionString, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.Code, plain.Code), Is.EqualTo((0, 4)));
            Assert.That(run.Output, Does.Contain("Ignored: Column users.own_nick is not part of the schema.")
                .And.Contain("Line 4 of the ignore file names no difference: index users.gone").And.Contain("No difference."));
            Assert.That(json.Json.GetProperty("ignored").GetArrayLength(), Is.EqualTo(3));
            Assert.That(json.Json.GetProperty("unusedIgnores").GetRawText(),
                Is.EqualTo("""[{"line":4,"kind":"index","name":"users.gone"}]"""));
            Assert.That(json.Json.GetProperty("clean").GetBoolean(), Is.True);
        }
    }

    [Test]
    public async Task A_column_that_is_meant_is_no_renamed_one()
    {
        await StartSeededAsync();
        await ExecuteAsync("ALTER TABLE projects ADD own_job varchar(255); UPDATE projects SET own_job = 'job'; " +
            "ALTER TABLE projects DROP jenkins_job_name");

        var unsure = await Migrator().CheckAsync(Token);
        var sure = await Migrator(new SchemaMigratorOptions { Ignored = IgnoreList.Parse("column projects.own_job") })
            .RepairSchemaAsync(cancellationToken: Token);

        Assert.That(unsure.Differences.SelectMany(d => d.Statements), Is.Empty);
        Assert.That(sure.Left.IsClean, Is.True);
        Assert.That(await ScalarAsync<long>("SELECT count(own_job) FROM projects WHERE jenkins_job_name IS NULL"), Is.EqualTo(2));
    }

    [Test]
    public async Task A_wrong_or_missing_file_is_wrong_usage()
    {
        using var file = new Workplace();
        file.Write("ignore.txt", "index users.a\nnothing");

        var wrong = await CheckAsync(file, "ignore.txt");
        var missing = await CheckAsync(file, "none.txt");

        Assert.That(wrong.Code, Is.EqualTo(2));
        Assert.That(wrong.Error, Does.StartWith("--ignore ignore.txt: Line 2: 'nothing' is not a kind of object."));
        Assert.That((missing.Code, missing.Error.Trim()), Is.EqualTo((2, "--ignore none.txt: the file does not exist.")));
    }

    private Task<ConsoleRun> CheckAsync(Workplace place, string file, params string[] options) => ConsoleRun.StartAsync(
        ["check", "--ignore", file, .. options], directory: place.Scripts, connection: ConnectionString, cancellationToken: Token);
}
