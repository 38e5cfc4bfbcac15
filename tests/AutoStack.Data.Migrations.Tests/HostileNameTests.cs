using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>
/// Control characters in names of objects, roles and sessions reach no terminal and break no statement.
/// </summary>
public sealed class HostileNameTests : MigrationTests
{
    private static readonly string[] Names =
    [
        "a\u001b[2J", "a\nDROP TABLE users;", "a\rb", "a\u202eb", "a\u009b2J", "a\"b", "a'b", "a--b", "a;b", "a$$b", "a\u2028b",
        "a\u0007\u007f", "a\\b\u200b", "ä\U000e0041",
    ];

    [TestCaseSource(nameof(Names))]
    public async Task A_column_is_shown_escaped_and_its_statement_drops_it(string name)
    {
        await StartAtAsync(Head);
        await ExecuteAsync($"ALTER TABLE users ADD COLUMN {Quoted(name)} text; CREATE INDEX {Quoted(name + "i")} ON users (name); CREATE " +
            $"UNIQUE INDEX {Quoted(name + "u")} ON users (id, name)");

        var human = await ConsoleRun.StartAsync(["check"], connection: ConnectionString, cancellationToken: Token);
        var json = await ConsoleRun.StartAsync(["check", "--json"], connection: ConnectionString, cancellationToken: Token);

        AssertVisible(human);
        AssertVisible(json);
        Assert.That(human.Output.Split('\n')
            .Count(line => line.TrimStart().StartsWith("-- ALTER TABLE public.users DROP COLUMN ", StringComparison.Ordinal)),
            Is.EqualTo(1));
        Assert.That(human.Output.Split('\n').Select(line => line.TrimStart()), Has.None.StartsWith("DROP TABLE"));

        // A statement copied from the screen does what the screen shows.
        foreach (var line in human.Output.Split('\n').Select(line => line.Trim())
            .Where(line => line.StartsWith("-- ALTER TABLE", StringComparison.Ordinal)))
        {
            await ExecuteAsync(line.TrimStart('-', ' ').TrimEnd(';'));
        }

        Assert.That(await ListAsync(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname LIKE 'a%' AND attname NOT IN ('avatar_url')"),
            Is.Empty);
        Assert.That(json.Json.GetProperty("differences").EnumerateArray()
            .Single(d => d.GetProperty("name").GetString() == $"users.{name}u").GetProperty("protects").GetBoolean(), Is.True);
        Assert.That(json.Json.GetProperty("differences").EnumerateArray().Select(d => d.GetProperty("name").GetString()),
            Does.Contain("users." + name));
    }

    [TestCaseSource(nameof(Names))]
    public async Task A_role_and_a_function_are_shown_escaped(string name)
    {
        var role = name + Guid.NewGuid().ToString("N")[..12];
        await ExecuteAsync($"CREATE ROLE {Quoted(role)}; GRANT CREATE ON SCHEMA public TO {Quoted(role)}");
        try
        {
            await ExecuteAsync($"""
                CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
                ALTER FUNCTION public.lower(varchar) OWNER TO {Quoted(role)};
                """);
            var upgrade = await ConsoleRun.StartAsync(["upgrade"], connection: ConnectionString, cancellationToken: Token);
            var check = await ConsoleRun.StartAsync(["check"], connection: ConnectionString, cancellationToken: Token);

            AssertVisible(upgrade);
            AssertVisible(check);
            Assert.That(upgrade.Error, Does.Contain("DROP FUNCTION public.lower(character varying);  -- owned by role "));
            Assert.That(upgrade.Error.Split('\n').Select(line => line.TrimStart()), Has.None.StartsWith("DROP TABLE"));
        }
        finally
        {
            await ExecuteAsync($"DROP OWNED BY {Quoted(role)} CASCADE");
            await ExecuteAsync($"DROP ROLE {Quoted(role)}");
        }
    }

    [Test]
    public void An_exception_message_has_no_control_character() =>
        Assert.That(new MigrationException(MigrationError.ScriptFailed, "a\u001b[2J\nb\u202e").Message, Is.EqualTo("a\\x1b[2J\nb\\u202e"));

    [Test]
    public void A_blocker_is_printed_in_one_visible_line() =>
        Assert.That(new Blocker(7, "app\u001b[2J", "role\nx", null, "active", "SELECT \u202e1").ToString(),
            Is.EqualTo(@"pid 7, app\x1b[2J, role role\nx, active: SELECT \u202e1"));

    [TestCase("DROP INDEX public.\"a\nb\"", "DROP INDEX public.U&\"a\\000Ab\"")]
    [TestCase("DROP INDEX public.\"a\\\u202e\"\"b\"", "DROP INDEX public.U&\"a\\\\\\202E\"\"b\"")]
    [TestCase("SELECT '\u001b'''", "SELECT U&'\\001B'''")]
    [TestCase("ALTER INDEX \"\U000e0041\" RENAME TO b", "ALTER INDEX U&\"\\+0E0041\" RENAME TO b")]
    [TestCase("DROP INDEX public.\"a b--c;$$\"", "DROP INDEX public.\"a b--c;$$\"")]
    public void A_statement_to_copy_escapes_invisible_characters(string sql, string copy) =>
        Assert.That(SqlCopy.Of(sql), Is.EqualTo(copy));

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static void AssertVisible(ConsoleRun run) =>
        Assert.That((run.Output + run.Error).Replace(Environment.NewLine, "", StringComparison.Ordinal).EnumerateRunes()
            .Where(Visible.IsOdd).Select(rune => rune.Value), Is.Empty);
}
