namespace AutoStack.Data.Migrations.Tests;

public sealed class MigrationScriptTests
{
    [Test]
    public void Files_in_any_order_become_versions_in_order()
    {
        var scripts = MigrationScript.Load(Files("0002_add_b.down.sql", "0002_add_b.sql", "0001_add_a.sql", "0001_add_a.down.sql"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(scripts.Select(script => (script.Version, script.Name)),
                Is.EqualTo(new[] { (1, "0001_add_a"), (2, "0002_add_b") }));
            Assert.That(scripts[1].Up.FileName, Is.EqualTo("0002_add_b.sql"));
            Assert.That(scripts[1].Down.FileName, Is.EqualTo("0002_add_b.down.sql"));
        }
    }

    [Test]
    public void No_files_are_no_versions() => Assert.That(MigrationScript.Load([]), Is.Empty);

    [TestCase("0003_add_c.sql", "0001_add_a.sql", "0001_add_a.down.sql", "0003_add_c.sql", "0003_add_c.down.sql",
        TestName = "A gap is refused")]
    [TestCase("0002_add_b.sql", "0002_add_b.sql", "0002_add_b.down.sql", TestName = "A first version other than 1 is refused")]
    [TestCase("0000_add_a.sql", "0000_add_a.sql", "0000_add_a.down.sql", TestName = "Version 0 is refused")]
    [TestCase("0001_add_b.sql", "0001_add_a.sql", "0001_add_a.down.sql", "0001_add_b.sql", "0001_add_b.down.sql",
        TestName = "A duplicate number is refused")]
    [TestCase("0001_add_a.sql", "0001_add_a.sql", TestName = "A missing down script is refused")]
    [TestCase("0001_add_b.down.sql", "0001_add_a.sql", "0001_add_a.down.sql", "0001_add_b.down.sql",
        TestName = "An orphan down script is refused")]
    [TestCase("001_add_a.sql", "001_add_a.sql", TestName = "Three digits are refused")]
    [TestCase("0001-add-a.sql", "0001-add-a.sql", TestName = "A name with dashes is refused")]
    [TestCase("0001_Add_a.sql", "0001_Add_a.sql", TestName = "A name with capitals is refused")]
    [TestCase("0001_.sql", "0001_.sql", TestName = "A name without words is refused")]
    [TestCase("0001_add_a.up.sql", "0001_add_a.up.sql", TestName = "Another ending is refused")]
    [TestCase("readme.md", "readme.md", TestName = "Another file is refused")]
    public void A_wrong_set_of_files_is_refused(string named, params string[] files) =>
        Assert.That(() => MigrationScript.Load(Files(files)), Throws.TypeOf<FormatException>().With.Message.StartsWith(named + ":"));

    [TestCase("-- autostack: no_transaction")]
    [TestCase("-- autostack: lock_timeout")]
    [TestCase("-- autostack: lock_timeout=5 s")]
    [TestCase("-- autostack: lock_timeout=5s'; DROP TABLE users; --")]
    [TestCase("-- autostack: statement_timeout=long")]
    [TestCase("-- autostack: no-transaction fast")]
    public void An_unknown_header_setting_is_refused(string header)
    {
        var files = new Dictionary<string, string> { ["0001_add_a.sql"] = "SELECT 1", ["0001_add_a.down.sql"] = header };

        Assert.That(() => MigrationScript.Load(files), Throws.TypeOf<FormatException>().With.Message.StartsWith("0001_add_a.down.sql:"));
    }

    [Test]
    public void A_header_sets_transaction_and_timeouts()
    {
        var script = MigrationScript.Load(new Dictionary<string, string>
        {
            ["0001_add_a.sql"] = "-- why\r\n-- autostack: no-transaction lock_timeout=30s \r\n-- autostack:  " +
                "statement_timeout=10min\r\nSELECT 1",
            ["0001_add_a.down.sql"] = "SELECT 1",
        })[0];

        using (Assert.EnterMultipleScope())
        {
            Assert.That((script.Up.Transactional, script.Up.LockTimeout, script.Up.StatementTimeout), Is.EqualTo((false, "30s", "10min")));
            Assert.That((script.Down.Transactional, script.Down.LockTimeout, script.Down.StatementTimeout), Is.EqualTo((true, "5s", "0")));
        }
    }

    [Test]
    public void The_scripts_of_the_package_have_no_gap()
    {
        Assert.That(SchemaMigrator.Scripts, Is.Not.Empty);
        Assert.That(SchemaMigrator.Scripts.Select(script => script.Version), Is.EqualTo(Enumerable.Range(1, SchemaMigrator.Scripts.Count)));
    }

    private static IEnumerable<KeyValuePair<string,
        string>> Files(params string[] names) => names.Select(name => KeyValuePair.Create(name, "SELECT 1"));
}
