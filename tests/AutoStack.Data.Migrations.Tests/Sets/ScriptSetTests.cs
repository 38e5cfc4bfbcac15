namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>Reading the scripts of a set, and the errors of someone who does it for the first time.</summary>
public sealed class ScriptSetTests
{
    private Folder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = new Folder();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public void A_folder_is_read_as_numbered_and_repeatable_scripts()
    {
        using var billing = Folder.WithBilling();
        File.WriteAllText(Path.Combine(billing.Billing, "README.md"), "not a script");

        var set = ScriptSet.FromDirectory("billing", billing.Billing);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((set.Name, set.Kind), Is.EqualTo(("billing", ScriptSetKind.Service)));
            Assert.That(set.Scripts.Select(s => (s.Set, s.Version, s.Name, s.Up.FileName, s.IsRepeatable)), Is.EqualTo(new[]
            {
                ("billing", 1, "0001_create_invoices", "billing/0001_create_invoices.sql", false),
                ("billing", 2, "0002_add_invoices_cents_index", "billing/0002_add_invoices_cents_index.sql", false),
            }));
            Assert.That(set.Repeatables.Select(s => (s.Version, s.Name, s.IsRepeatable)), Is.EqualTo(new[] { (0, "R__totals", true) }));
        }
    }

    [Test]
    public void An_assembly_is_read_by_the_prefix_of_its_resources()
    {
        var set = ScriptSet.FromAssembly("billing", GetType().Assembly, "Billing.");

        Assert.That(set.Scripts.Select(s => s.Name), Is.EqualTo(new[] { "0001_create_receipts" }));
        Assert.That(() => ScriptSet.FromAssembly("billing", GetType().Assembly, "Nowhere."),
            Throws.TypeOf<FormatException>().With.Message.Contains("with the prefix 'Nowhere.' has no script"));
        Assert.That(() => ScriptSet.FromAssembly("billing", null!, ""), Throws.ArgumentNullException);
        Assert.That(() => ScriptSet.FromAssembly("billing", GetType().Assembly, null!), Throws.ArgumentNullException);
    }

    [TestCase("Billing", "lower-case letters")]
    [TestCase("", "lower-case letters")]
    [TestCase("2billing", "lower-case letters")]
    [TestCase("billing_eu", "lower-case letters")]
    [TestCase("billing--eu", "lower-case letters")]
    [TestCase("bil'ling", "lower-case letters")]
    [TestCase("billing\n", "lower-case letters")]
    [TestCase("a23456789012345678901234567890123456789ab", "at most 40")]
    [TestCase("core", "belongs to a script set of AutoStack.Data")]
    public void A_wrong_name_is_refused(string name, string message)
    {
        folder.Pair("0001_a", "", "");

        var failure = Assert.Throws<ArgumentException>(() => ScriptSet.FromDirectory(name, folder.Billing))!;

        Assert.That(failure.ParamName, Is.EqualTo("name"));
        Assert.That(failure.Message, Does.Contain(message));
    }

    [Test]
    public void A_missing_folder_is_named()
    {
        Assert.That(() => ScriptSet.FromDirectory("billing", Path.Combine(folder.Root, "nowhere")),
            Throws.TypeOf<DirectoryNotFoundException>().With.Message.Contains("nowhere of the script set billing does not exist"));
        Assert.That(() => ScriptSet.FromDirectory("billing", " "), Throws.ArgumentException.With.Property("ParamName").EqualTo("path"));
    }

    [TestCase("billing: The folder", "notes.txt")]
    [TestCase("billing/0002_b.sql: version 1 is missing before it", "0002_b.sql", "0002_b.down.sql")]
    [TestCase("billing/0003_c.sql: version 2 is missing before it", "0001_a.sql", "0001_a.down.sql", "0003_c.sql", "0003_c.down.sql")]
    [TestCase("billing/0001_b.sql: version 1 is already taken by 0001_a", "0001_a.sql", "0001_a.down.sql", "0001_b.sql", "0001_b.down.sql")]
    [TestCase("billing/0001_a.sql: its down script 0001_a.down.sql is missing", "0001_a.sql")]
    [TestCase("billing/0002_b.down.sql: its up script is missing", "0001_a.sql", "0001_a.down.sql", "0002_b.down.sql")]
    [TestCase("billing/create_a.sql: name a script NNNN_verb_object.sql", "create_a.sql")]
    [TestCase("billing/0001_A.SQL: name a script NNNN_verb_object.sql", "0001_A.SQL")]
    [TestCase("billing/R__a.down.sql: a repeatable script has no down script", "R__a.sql", "R__a.down.sql")]
    [TestCase("billing/R__Ä.sql: name a repeatable script R__name.sql", "R__Ä.sql")]
    [TestCase("is in a folder below that of the set", "0001_a.sql", "0001_a.down.sql", "old/0001_b.sql")]
    public void Scripts_that_are_no_set_are_refused(string message, params string[] files)
    {
        foreach (var file in files)
        {
            folder.Write(file, "-- nothing");
        }

        Assert.That(() => ScriptSet.FromDirectory("billing", folder.Billing),
            Throws.TypeOf<FormatException>().With.Message.Contains(message));
    }

    [Test]
    public void Two_sets_of_one_name_are_refused()
    {
        folder.Pair("0001_a", "", "");
        var set = ScriptSet.FromDirectory("billing", folder.Billing);

        Assert.That(() => new SchemaMigrator("Host=localhost", new SchemaMigratorOptions { ScriptSets = [set, set] }),
            Throws.ArgumentException.With.Message.Contains("Two script sets have the name billing")
                .And.Property("ParamName").EqualTo("ScriptSets"));
        Assert.That(() => new SchemaMigrator("Host=localhost", new SchemaMigratorOptions { ScriptSets = null! }),
            Throws.ArgumentNullException);
    }

    [Test]
    public void A_target_names_a_set()
    {
        Assert.That(MigrationTarget.Head.Set, Is.Null);
        Assert.That(MigrationTarget.Version(2).In("billing").Set, Is.EqualTo("billing"));
        Assert.That(() => MigrationTarget.Head.In(" "), Throws.ArgumentException);
    }
}
