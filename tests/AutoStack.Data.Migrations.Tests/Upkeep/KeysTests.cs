using System.Runtime.Versioning;
using System.Security.Cryptography;
using AutoStack.Data.Cli;
using AutoStack.Data.Cli.Keys;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Upkeep;

/// <summary><c>keys verify</c> and <c>keys rotate</c> on a real server. Values are stored in clear, and encrypted by a rotation.</summary>
public sealed class KeysTests : MigrationTests
{
    private const string Value = "hunter2";

    private Workplace place = null!;

    [SetUp]
    public Task StartAsync()
    {
        place = new Workplace();
        return StartAtAsync(Head);
    }

    [TearDown]
    public void DeleteFiles() => place.Dispose();

    [Test]
    public async Task Without_keys_the_ids_are_counted()
    {
        await ExecuteAsync(Projects(number: 3));
        Assert.That((await RunAsync("keys", "verify")).Code, Is.EqualTo(7), "They are in clear.");
        await RotateAsync(NewKey("k1"));

        var run = await RunAsync("keys", "verify");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Match(@"projects\.env_vars +encrypted +k1 +3\n"));
        Assert.That(run.Output, Does.Match(@"deployments\.env_vars +encrypted +k1 +1\n"));
        Assert.That(run.Output, Does.Contain("No keys were given: no value was opened."));
        Assert.That(run.Output + run.Error, Does.Not.Contain(Value));
    }

    [Test]
    public async Task An_empty_database_has_no_finding()
    {
        var run = await RunAsync("keys", "verify", "--format", "json");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Json.GetProperty("stored").GetArrayLength() + run.Json.GetProperty("findings").GetArrayLength(), Is.Zero);
    }

    [Test]
    public async Task Missing_keys_changed_values_and_unused_keys_are_found()
    {
        await ExecuteAsync(Projects(number: 3));
        var (old, current) = (NewKey("old"), NewKey("current"));
        await RotateAsync(old);
        await ExecuteAsync("UPDATE projects SET env_vars = 'V=hunter2', env_vars_version = NULL WHERE name = 'site-1'");
        await ExecuteAsync("UPDATE deployments SET env_vars = NULL");
        await RunAsync("keys", "rotate", "--yes", "--keys", WriteKeys(place, current));
        await ExecuteAsync("UPDATE projects SET env_vars_version = gen_random_uuid() WHERE name = 'site-1'");
        var changed = await ScalarAsync<Guid>("SELECT id FROM projects WHERE name = 'site-1'");

        var run = await RunAsync("keys", "verify", "--keys", WriteKeys(place, current, NewKey("spare")));

        Assert.That(run.Code, Is.EqualTo(8), run.Error);
        Assert.That(run.Output, Does.Contain("error key-missing: 2 values name the key old, which was not given: projects.env_vars 2."));
        Assert.That(run.Output, Does.Contain(
            "error secret-unreadable: 1 value of projects.env_vars does not open: changed, restored or moved, or the row has another "
            + $"owner. Row {changed}."));
        Assert.That(run.Output, Does.Contain("information key-unused: No value is encrypted with the key spare."));
        Assert.That(run.Output + run.Error, Does.Not.Contain(Value));

        var json = (await RunAsync("keys", "verify", "--json", "--keys", WriteKeys(place, current))).Json;
        var unreadable = json.GetProperty("unreadable").EnumerateArray().Select(group =>
            (group.GetProperty("reason").GetString(), group.GetProperty("keyId").GetString(), group.GetProperty("values").GetInt64()));
        Assert.That(unreadable, Is.EquivalentTo(new[] { ("keyMissing", "old", 2L), ("changed", "current", 1L) }));
        var github = await RunAsync("keys", "verify", "--format", "github", "--keys", WriteKeys(place, current));
        Assert.That((github.Code, github.Output), Is.EqualTo((8, github.Output)));
        Assert.That(github.Output, Does.StartWith("::error title=key-missing key old::2 values name the key old"));
    }

    [Test]
    public async Task A_column_that_the_role_may_not_read_is_left_out_and_named()
    {
        await ExecuteAsync(Projects(number: 3));
        var key = NewKey("k1");
        await RotateAsync(key);
        var role = "reader_" + Guid.NewGuid().ToString("N");
        await ExecuteAsync($"""
            CREATE ROLE {role} LOGIN PASSWORD 'reader';
            GRANT SELECT ON deployments, github_connections TO {role};
            GRANT SELECT (id, env_vars, user_id) ON projects TO {role}
            """);
        var reader = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = "reader" }.ConnectionString;
        try
        {
            foreach (var keys in new[] { [], new[] { "--keys", WriteKeys(place, key) } })
            {
                var run = await ConsoleRun.StartAsync(["keys", "verify", .. keys], connection: reader, cancellationToken: Token);

                Assert.That((run.Code, run.Error), Is.EqualTo((7, "")));
                Assert.That(run.Output, Does.Contain("warning column-not-visible: The role may not read projects.env_vars"));
                Assert.That(run.Output, Does.Contain("warning column-not-visible: The role may not read sessions.token"));
                Assert.That(run.Output, Does.Match(@"deployments\.env_vars +encrypted +k1 +1
"));
                Assert.That(run.Output, Does.Not.Match(@"projects\.env_vars +encrypted").And.Not.Contain("key-unused"));
            }

            var json = (await ConsoleRun.StartAsync(["keys", "verify", "--json"], connection: reader, cancellationToken: Token)).Json;
            Assert.That(
                json.GetProperty("notVisible").EnumerateArray().Select(column => column.GetString()),
                Is.EqualTo(new[] { "projects.env_vars", "sessions.token" }));
        }
        finally
        {
            await ExecuteAsync($"DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    [Test]
    public async Task A_rotation_moves_every_value_to_the_first_key()
    {
        await ExecuteAsync(Projects(number: 3));
        var (old, current) = (NewKey("old"), NewKey("current"));
        await RotateAsync(old);
        var file = WriteKeys(place, current, old);

        var plan = await RunAsync("keys", "rotate", "--dry-run", "--keys", file);
        Assert.That(plan.Code, Is.Zero, plan.Error);
        Assert.That(plan.Output, Does.Contain("4 values would be replaced, with the key current. Nothing was changed."));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM projects WHERE env_vars LIKE 'enc:v2:old:%'"), Is.EqualTo(3));

        var run = await RunAsync("keys", "rotate", "--yes", "--keys", file);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Match(@"projects\.env_vars +3 +0 +0\n").And.Contain("4 values replaced in "));
        Assert.That(run.Output, Does.Contain(
            "The key old can be removed once no service has it at the front of its list: no value is encrypted with it, "
            + "also in deployments."));
        Assert.That((await RunAsync("keys", "verify", "--keys", WriteKeys(place, current))).Code, Is.Zero);
        Assert.That(
            (await RunAsync("keys", "rotate", "--yes", "--json", "--keys", file)).Json.GetProperty("rotated").GetInt64(), Is.Zero);
    }

    [Test]
    public async Task A_rotation_without_a_stored_key_reports_what_is_left()
    {
        await ExecuteAsync(Projects(number: 2));
        await RotateAsync(NewKey("lost"));

        var run = await RunAsync("keys", "rotate", "--yes", "--keys", WriteKeys(place, NewKey("current")));

        Assert.That(run.Code, Is.EqualTo(8), run.Error);
        Assert.That(run.Output, Does.Match(@"projects\.env_vars +0 +0 +2\n").And.Contain("error key-missing: 3 values name the key lost"));
    }

    [TestCase("n", 1, "Not confirmed. Nothing was changed.")]
    [TestCase("y", 0, "A service that does not have it cannot read them any more.")]
    public async Task A_rotation_is_confirmed(string answer, int code, string message)
    {
        var run = await ConsoleRun.StartAsync(
            ["keys", "rotate", "--keys", WriteKeys(place, NewKey("k1"))], connection: ConnectionString, answer: answer);

        Assert.That((run.Code, run.Error), Is.EqualTo((code, run.Error)));
        Assert.That(run.Error, Does.Contain(message));
    }

    [Test]
    public async Task A_rotation_without_an_answer_or_a_key_is_refused()
    {
        var file = WriteKeys(place, NewKey("k1"));

        Assert.That((await RunAsync("keys", "rotate", "--keys", file)).Error, Does.Contain("nobody can answer: add --yes"));
        Assert.That((await RunAsync("keys", "rotate", "--yes")).Error, Does.Contain("use --keys FILE, or set AUTOSTACK_SECRET_KEYS"));
    }

    [Test]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public async Task A_file_that_others_can_read_is_refused()
    {
        var file = WriteKeys(place, NewKey("k1"));
        File.SetUnixFileMode(file, File.GetUnixFileMode(file) | UnixFileMode.OtherRead);

        var run = await RunAsync("keys", "verify", "--keys", file);

        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith("--keys: every user of the machine can read the file"));
        Assert.That((await RunAsync("keys", "verify", "--keys", file + "x")).Error, Is.EqualTo("--keys: the file does not exist.\n"));
    }

    [TestCase("k1", "--keys, key 1 is not ID=BASE64.")]
    [TestCase("k1=c2VjcmV0", "--keys, key 1: Secret is 32 bytes in base64, for example from: openssl rand -base64 32.")]
    [TestCase("# none\n", "--keys: the file has no key.")]
    [TestCase("k 1=c2VjcmV0", "--keys, key 1 is not ID=BASE64.")]
    public async Task A_wrong_key_is_named_by_its_place(string text, string message)
    {
        var file = Path.Combine(place.Root, "wrong.txt");
        await File.WriteAllTextAsync(file, text, Token);
        Restrict(file);

        var run = await RunAsync("keys", "verify", "--keys", file);

        Assert.That((run.Code, run.Error), Is.EqualTo((2, message + "\n")));
    }

    [Test]
    public void Keys_come_from_the_variable_without_a_file()
    {
        var (first, second) = (NewKey("k1"), NewKey("k2"));
        var host = new CliHost(TextWriter.Null, TextWriter.Null, TextReader.Null, name =>
            name == KeyFile.Variable ? $"{first},{second}" : null);

        Assert.That(KeyFile.Read(path: null, host).Select(key => key.Id), Is.EqualTo(new[] { "k1", "k2" }));
        var twice = Assert.Throws<CliException>(() => KeyFile.Read(path: null, host with { Environment = _ => $"{first} {first}" }))!;
        Assert.That(twice.Failure.Message, Is.EqualTo("AUTOSTACK_SECRET_KEYS, key 2: Id 'k1' is given twice."));
    }

    [Test]
    public async Task A_rotation_of_many_values_is_resumed_after_a_cancel()
    {
        await ExecuteAsync(Projects(number: 10));
        var file = WriteKeys(place, NewKey("k1"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using (await HoldAsync(Lock(place: 5)))
        {
            var run = Task.Run(() => ConsoleRun.StartAsync(
                ["keys", "rotate", "--yes", "--keys", file], connection: ConnectionString, cancellationToken: stop.Token));
            await UntilMigratorWaitsForTableAsync();
            await stop.CancelAsync();
            Assert.That((await run).Error, Does.Contain("Cancelled.").And.Contain("the next run continues."));
        }

        var next = await RunAsync("keys", "rotate", "--yes", "--json", "--keys", file);
        Assert.That((next.Code, next.Json.GetProperty("rotated").GetInt64()), Is.EqualTo((0, 7)));
    }

    /// <summary>Locks one project, by its place in the order of ids.</summary>
    internal static string Lock(int place) =>
        $"SELECT id FROM projects WHERE id = (SELECT id FROM projects ORDER BY id OFFSET {place - 1} LIMIT 1) FOR UPDATE";

    /// <summary>A key as a file has it.</summary>
    internal static string NewKey(string id) => $"{id}={Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}";

    /// <summary>Writes a file of keys that only its owner can read.</summary>
    internal static string WriteKeys(Workplace place, params string[] keys)
    {
        var file = Path.Combine(place.Root, $"{Guid.NewGuid():N}.txt");
        File.WriteAllText(file, "# The first one encrypts.\n" + string.Join('\n', keys) + "\n");
        Restrict(file);
        return file;
    }

    /// <summary>Projects with an environment in clear, and a deployment with one.</summary>
    internal static string Projects(int number) => $"""
        INSERT INTO users (id, name, email, created_at, updated_at)
        VALUES ('00000000-0000-0000-0000-000000000001', 'Ada', 'ada@example.com', now(), now());
        INSERT INTO projects (id, user_id, name, repository, env_vars, created_at, updated_at)
        SELECT gen_random_uuid(), u.id, 'site-' || n, 'ada/site', 'V={Value}', now(), now() FROM users u, generate_series(1, {number}) n;
        INSERT INTO deployments (id, project_id, user_id, status, env_vars, created_at)
        SELECT gen_random_uuid(), p.id, p.user_id, 'success', p.env_vars, now() FROM projects p LIMIT 1
        """;

    private static void Restrict(string file)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    private async Task RotateAsync(string key)
    {
        var run = await RunAsync("keys", "rotate", "--yes", "--keys", WriteKeys(place, key));
        Assert.That(run.Code, Is.Zero, run.Error + run.Output);
    }

    private Task<ConsoleRun> RunAsync(params string[] args) => ConsoleRun.StartAsync(args, connection: ConnectionString);
}
