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

    // Whether a backslash escapes is a setting, so that these texts have two readings.
    [TestCase(@"select 'C:\', 'hunter2'", "select ?")]
    [TestCase(@"select 'C:\\', 'hunter2', x", "select ?, ?, x")]
    [TestCase(@"select '\d+', 'hunter2', x", "select ?, ?, x")]
    [TestCase(@"select '\'', 'hunter2'", "select ?")]
    [TestCase(@"select N'\', 'hunter2'", "select ?")]
    [TestCase(@"select U&'\', 'hunter2'", "select ?")]
    [TestCase(@"select U&'d\0061t', U&""d\0061t"", x", @"select ?, U&""d\0061t"", x")]

    // These have one.
    [TestCase(@"select e'C:\', \'hunter2', x", "select ?, x")]
    [TestCase(@"select E'\'''', 'hunter2', x", "select ?, ?, x")]
    [TestCase("select E'a'\n  -- it's\n'b\\', hunter2', x", "select ?, x")]
    [TestCase(@"select some'\', 'hunter2'", "select some?")]
    [TestCase("select b'01', X'1f', n'a', x", "select ?, ?, ?, x")]
    [TestCase("select $é$secret$é$, $ä1$ it's $$ $ä1$, x", "select ?, ?, x")]
    [TestCase("select $a$ $b$ secret $a$, $ab$ $a$ secret $ab$, x", "select ?, ?, x")]
    [TestCase("select a$b$c, é$b$c, x", "select a$b$c, é$b$c, x")]
    [TestCase("select a$b$'it', x", "select a$b$?, x")]
    [TestCase("select $1$$ secret $$, x", "select ??, x")]
    [TestCase("select 1$$ secret $$, x", "select ??, x")]
    [TestCase("select /* /* it's */ secret */ 'a', x", "select ?, x")]
    [TestCase("select /* /* it's */ 'a', x", "select")]
    [TestCase("select a -- it's\r, 'hunter2'", "select a , ?")]
    [TestCase("select a@--it's\n'hunter2'", "select a@ ?")]
    [TestCase("select \"a\"\"'b\", 'hunter2', \"x", "select \"a\"\"'b\", ?, ?")]
    [TestCase("select \"it is cut o", "select ?")]
    [TestCase("select 0x1F, 0b11, 1_000, .5, 1.5e-10, 1e+3, x2 - 1, x", "select ?, ?, ?, ?, ?, ?, x2 - ?, x")]
    [TestCase("select 12abc, 0x1F-3, x", "select ?, ?-?, x")]
    [TestCase("select E'it is cut o\\", "select ?")]
    [TestCase("select $tag$ it is cut $ta", "select ?")]

    // Values without quotes.
    [TestCase("SET app.token = hunter2", "SET app.token = ?")]
    [TestCase("BEGIN; set local app.token TO \"hunter2\", 'b;c'; SELECT x", "BEGIN; set local app.token TO ?; SELECT x")]
    [TestCase("ALTER ROLE ada IN DATABASE d SET \"app\".token = hunter2", "ALTER ROLE ada IN DATABASE d SET \"app\".token = ?")]
    [TestCase("ALTER SYSTEM SET x TO hunter2", "ALTER SYSTEM SET x TO ?")]
    [TestCase("ALTER TABLE t ALTER c SET NOT NULL", "ALTER TABLE t ALTER c SET NOT NULL")]
    [TestCase("UPDATE t SET a = b, c = 'd'", "UPDATE t SET a = b, c = ?")]
    [TestCase("alter user ada encrypted password md5abc VALID UNTIL infinity", "alter user ada encrypted password ?")]
    [TestCase("CREATE ROLE ada LOGIN PASSWORD \"hunter2\"", "CREATE ROLE ada LOGIN PASSWORD ?")]
    [TestCase("SELECT password FROM users WHERE role = 'a'", "SELECT password FROM users WHERE role = ?")]
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
