using System.Text.Json;
using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

public sealed class CheckConsoleTests : MigrationTests
{
    [Test]
    public async Task Check_exits_with_0_when_clean_3_when_pending_4_when_drifted()
    {
        var empty = await CheckAsync();
        await Migrator().UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);
        var pending = await CheckAsync();
        await ExecuteAsync("DROP INDEX idx_users_email");
        var pendingAndDrifted = await CheckAsync();
        await ExecuteAsync("CREATE INDEX idx_users_email ON users (email)");
        await Migrator().UpgradeAsync(cancellationToken: Token);
        var clean = await CheckAsync();
        await ExecuteAsync("UPDATE schema_versions SET checksum = 'other' WHERE version = 1");
        var changed = await CheckAsync();

        Assert.That((empty.Code, pending.Code, pendingAndDrifted.Code, clean.Code, changed.Code), Is.EqualTo((3, 3, 4, 0, 4)));
        Assert.That(changed.Output, Does.Contain("0001_initial_schema.sql was changed after it was applied."));
    }

    [Test]
    public async Task Check_prints_two_lines_for_a_clean_database()
    {
        await StartAtAsync(Head);

        var run = await CheckAsync();

        Assert.That(Lines(run), Is.EqualTo(new[] { $"{Head} ({SchemaMigrator.Scripts[^1].Name}), up to date", "No difference." }));
    }

    [Test]
    public async Task Check_prints_differences_with_their_repair_statements()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            DROP INDEX idx_users_email;
            ALTER TABLE users ADD nick text;
            DROP INDEX idx_deployments_status;
            CREATE INDEX idx_deployments_status ON deployments (status, id);
            CREATE INDEX own_idx ON users (name)
            """);

        var run = await CheckAsync();

        Assert.That(Lines(run).Skip(1), Is.EqualTo(new[]
        {
            "Index deployments.idx_deployments_status is defined differently.",
            "found: CREATE INDEX idx_deployments_status ON public.deployments USING btree (status, id)",
            "SET lock_timeout = '0';",
            "-- locks SHARE UPDATE EXCLUSIVE on deployments, outside a transaction",
            "DROP INDEX CONCURRENTLY public.idx_deployments_status;",
            "-- locks SHARE UPDATE EXCLUSIVE on deployments, outside a transaction",
            "CREATE INDEX CONCURRENTLY idx_deployments_status ON public.deployments USING btree (status);",
            "Index users.idx_users_email is missing.",
            "-- locks SHARE UPDATE EXCLUSIVE on users, outside a transaction",
            "CREATE INDEX CONCURRENTLY idx_users_email ON public.users USING btree (email);",
            "Column users.nick is not part of the schema. Dropping it loses its data.",
            "-- locks ACCESS EXCLUSIVE on users; loses data",
            "-- ALTER TABLE public.users DROP COLUMN nick;",
            "Index users.own_idx is an extra index, which is allowed.",
            "3 differences, 1 remark.",
        }));
    }

    [Test]
    public async Task A_check_as_JSON_has_the_documented_members()
    {
        await StartAtAsync(2);
        await ExecuteAsync("DROP INDEX idx_users_email; ALTER TABLE users ADD nick text; CREATE INDEX own_idx ON users (name)");

        var run = await CheckAsync("--json");

        var check = JsonDocument.Parse(run.Output).RootElement;
        var differences = check.GetProperty("differences").EnumerateArray().ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((check.GetProperty("version").GetInt32(), check.GetProperty("head").GetInt32()), Is.EqualTo((2, Head)));
            Assert.That(check.GetProperty("clean").GetBoolean(), Is.False);
            Assert.That(check.GetProperty("pending").EnumerateArray().Select(v => v.GetString()),
                Is.EqualTo(SchemaMigrator.Scripts.Skip(2).Select(s => s.Name)));
            Assert.That((check.GetProperty("changed").GetArrayLength(), check.GetProperty("unknown").GetArrayLength()), Is.EqualTo((0, 0)));
            Assert.That(differences.Select(d => (d.GetProperty("kind").GetString(), d.GetProperty("name").GetString())),
                Is.EqualTo(new[] { ("index", "users.idx_users_email"), ("column", "users.nick"), ("index", "users.own_idx") }));
            Assert.That(differences.Select(d => (d.GetProperty("remark").GetBoolean(), d.GetProperty("losesData").GetBoolean())),
                Is.EqualTo(new[] { (false, false), (false, true), (true, false) }));
            Assert.That(differences[0].GetProperty("expected").GetString(),
                Is.EqualTo("CREATE INDEX idx_users_email ON public.users USING btree (email)"));
            Assert.That(differences[0].GetProperty("found").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(differences[0].GetProperty("message").GetString(), Is.EqualTo("Index users.idx_users_email is missing."));
            Assert.That(differences[0].GetProperty("statements").EnumerateArray().Select(s => s.GetString()),
                Is.EqualTo(new[] { "CREATE INDEX CONCURRENTLY idx_users_email ON public.users USING btree (email)" }));
            Assert.That(differences[0].GetProperty("repairs")[0].EnumerateObject().Select(m => $"{m.Name}={m.Value.GetRawText()}"),
                Is.EqualTo(new[]
                {
                    "sql=\"CREATE INDEX CONCURRENTLY idx_users_email ON public.users USING btree (email)\"",
                    "lockTimeout=\"0\"",
                    """locks=[{"mode":"shareUpdateExclusive","table":"users"}]""",
                    "transactional=false",
                    "losesData=false",
                    "losesSecurity=false",
                }));
            Assert.That(differences[1].GetProperty("expected").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(differences[1].GetProperty("found").GetString(), Is.EqualTo("text"));
        }
    }

    private static IEnumerable<string> Lines((int Code, string Output) run) =>
        run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private async Task<(int Code, string Output)> CheckAsync(params string[] options)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var host = new CliHost(output, error, TextReader.Null, name => name == "AUTOSTACK_CONNECTION" ? ConnectionString : null);
        var code = await AutoStackDb.RunAsync(["check", .. options], host, Token);
        Assert.That(error.ToString(), Is.Empty);
        return (code, output.ToString());
    }
}
