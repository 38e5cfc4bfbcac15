using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>docs/operations-coverage.md maps every operation and every public method to methods and tests that exist.</summary>
public sealed partial class OperationsCoverage
{
    private static readonly string Root = SourceRoot.Path;

    private static readonly List<string[]> Rows = [..
        File.ReadLines(Path.Combine(Root, "docs", "operations-coverage.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Select(line => line.Trim('|', ' ').Split(" | "))];

    private static readonly List<string[]> Operations = [.. Rows.Where(row => Id().IsMatch(row[0]))];

    private static readonly List<string[]> Exceptions = [.. Rows.Where(row => row[0].StartsWith('`'))];

    // The number of operations per letter of the catalogue; the entry without a letter counts the classes of failure.
    private static readonly (string Letter, int Count)[] Catalogue =
    [
        ("U", 15), ("S", 9), ("P", 5), ("J", 14), ("D", 26), ("L", 8), ("G", 4), ("C", 8), ("H", 6), ("R", 3), ("F", 3), ("K", 4),
        ("W", 4), ("A", 8), ("M", 9), ("B", 2), ("Z", 2), ("", 20),
    ];

    private static IEnumerable<string> PublicMethods =>
        from type in typeof(IUnitOfWork).Assembly.GetExportedTypes()
        where type is { IsInterface: true, IsGenericType: false } && !typeof(IRepositories).IsAssignableFrom(type)
        from name in type.GetMethods().Select(m => m.Name).Distinct()
        select $"{type.Name}.{name}";

    [Test]
    public void Every_operation_has_exactly_one_row() =>
        Assert.That(
            Operations.Select(row => row[0]),
            Is.EquivalentTo(Catalogue.SelectMany(c => Enumerable.Range(1, c.Count).Select(n => $"{c.Letter}{n}"))));

    [Test]
    public void Every_row_has_the_columns_of_its_table()
    {
        Assert.That(
            Operations,
            Is.All.Matches<string[]>(row => row.Length == 4 && row[1].Length > 0 && Names().IsMatch(row[2]) && Names().IsMatch(row[3])));
        Assert.That(Exceptions, Is.All.Matches<string[]>(row => row.Length == 2 && Names().IsMatch(row[0]) && row[1].Length > 0));
        Assert.That(
            Rows,
            Has.Count.EqualTo(Operations.Count + Exceptions.Count + 3),
            "Begin each row with the id of an operation or the name of a method, besides the three headers.");
    }

    [Test]
    public void Every_method_that_is_named_exists() =>
        Assert.That(
            Operations.SelectMany(row => NamesOf(row[2])).Concat(Exceptions.SelectMany(row => NamesOf(row[0]))).Except(PublicMethods),
            Is.Empty,
            "docs/operations-coverage.md names methods that do not exist.");

    [Test]
    public void Every_test_that_is_named_exists()
    {
        var here = from type in typeof(OperationsCoverage).Assembly.GetTypes()
                   from method in type.GetMethods()
                   where method.IsDefined(typeof(TestAttribute), inherit: true)
                       || method.IsDefined(typeof(TestCaseAttribute), inherit: true)
                       || method.IsDefined(typeof(TestCaseSourceAttribute), inherit: true)
                   select $"{type.Name}.{method.Name}";
        // The tests of the migrations are in another assembly, so their names come from the sources.
        var migrations = from file in Directory.EnumerateFiles(Path.Combine(Root, "tests", "AutoStack.Data.Migrations.Tests"), "*Tests.cs")
                         from Match method in Method().Matches(File.ReadAllText(file))
                         select $"{Path.GetFileNameWithoutExtension(file)}.{method.Groups[1].Value}";

        Assert.That(
            Operations.SelectMany(row => NamesOf(row[3])).Except(here.Concat(migrations)),
            Is.Empty,
            "docs/operations-coverage.md names tests that do not exist.");
    }

    [Test]
    public void Every_public_method_has_an_operation_or_a_documented_exception()
    {
        var used = Operations.SelectMany(row => NamesOf(row[2])).Distinct().ToList();
        var exceptions = Exceptions.SelectMany(row => NamesOf(row[0])).ToList();

        Assert.That(exceptions, Is.Unique);
        Assert.That(exceptions.Intersect(used), Is.Empty);
        Assert.That(
            PublicMethods.Except(used).Except(exceptions),
            Is.Empty,
            "Add these methods to a row of docs/operations-coverage.md, or to its exceptions with a reason.");
    }

    private static IEnumerable<string> NamesOf(string cell) => Name().Matches(cell).Select(m => m.Groups[1].Value);

    [GeneratedRegex(@"^[A-Z]?\d+$")]
    private static partial Regex Id();

    [GeneratedRegex(@"^(—|`\w+\.\w+`(, `\w+\.\w+`)*)$")]
    private static partial Regex Names();

    [GeneratedRegex(@"`(\w+\.\w+)`")]
    private static partial Regex Name();

    [GeneratedRegex(@"public (?:static )?(?:async )?(?:Task|void) (\w+)\(")]
    private static partial Regex Method();
}
