using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;
using AutoStack.Data.Tests.Conventions;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>Statements without their values, and the methods that have them.</summary>
public sealed class StatementTextTests
{
    [TestCase("SELECT  1,\n 'a''b', $tag$ c $tag$, $$ d $$, E'e\\'f'", "SELECT ?, ?, ?, ?, ?")]
    [TestCase(
        "SELECT x.y FROM t1 x WHERE a = $1 AND b = @name AND c::text @> '{}'",
        "SELECT x.y FROM t1 x WHERE a = ? AND b = ? AND c::text @> ?")]
    [TestCase("SELECT \"it's\" -- 'comment'\nFROM t /* 'other */ WHERE a = -1.5e3", "SELECT \"it's\" FROM t WHERE a = ?")]
    [TestCase(
        "UPDATE t SET a = NULL, b = TRUE WHERE c IS NULL AND d IS NOT NULL;",
        "UPDATE t SET a = ?, b = ? WHERE c IS NULL AND d IS NOT NULL")]
    [TestCase("ALTER ROLE ada PASSWORD 'it is cut o", "ALTER ROLE ada PASSWORD ?")]
    [TestCase("SELECT 'a\\' OR secret", "SELECT ?")]
    public void Values_and_comments_are_replaced(string statement, string masked) =>
        Assert.That(StatementText.Masked(statement), Is.EqualTo(masked));

    [Test]
    public void A_list_of_values_counts_as_one() =>
        Assert.That(
            StatementText.Key("SELECT 1 WHERE a IN ($1 /*, ... */)"),
            Is.EqualTo(StatementText.Key("SELECT 1 WHERE a IN ('queued', 'cloning', 'building')")));

    [TestCaseSource(typeof(ShippedStatements), nameof(ShippedStatements.Statements))]
    public void Every_statement_of_the_library_has_a_method(string sql) =>
        Assert.That(
            OperationNames.Find(NumberedSql.Of(sql).Text) ?? (sql == "SELECT 1" ? "Ping" : null),
            Does.Match(@"^[A-Z]\w+(\.[A-Z]\w+)?$"));

    [Test]
    public void The_method_of_a_statement_is_named_as_it_is_called() =>
        Assert.That(
            OperationNames.All.Values,
            Is.SupersetOf(new[] { "UserRepository.Find", "SessionRepository.FindActive" }));

    [Test]
    public void A_statement_that_the_server_has_cut_off_has_a_method()
    {
        var (text, name) = OperationNames.All.Where(entry => entry.Key.Length > 1_500).OrderBy(entry => entry.Key).First();

        Assert.That(OperationNames.Find(text[..1_023]), Is.EqualTo(name));
    }

    [TestCase("SELECT 1")]
    [TestCase("VACUUM public.users")]
    [TestCase(null)]
    public void A_statement_of_others_has_no_method(string? statement) => Assert.That(OperationNames.Find(statement), Is.Null);
}
