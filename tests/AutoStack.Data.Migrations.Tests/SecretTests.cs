using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>
/// No run of the console leaves a password in its output, exceptions or traces, however it fails.
/// </summary>
public sealed class SecretTests : MigrationTests
{
    private const string Secret = "Hu5h;'=#@:/x";
    private const string Mark = "Hu5h";

    private IEnumerable<string[]> WaysToFail()
    {
        yield return ["--connection", Changed(to => to.Host = "no-such-host.invalid")];
        yield return ["--connection", Changed(to => (to.Host, to.Port) = ("127.0.0.1", 1))];
        yield return ["--connection", Changed(_ => { })];
        yield return ["--connection", Changed(to => to.Database = "autostack_missing")];
        yield return ["--connection", Changed(to => to.Username = "autostack_missing")];
        yield return ["--connection", Changed(to => to.SslMode = SslMode.VerifyFull)];
        yield return ["--connection", Changed(_ => { }) + ";Unknown=" + Mark];
        yield return ["--connection", Changed(_ => { }) + ";Port=" + Mark];
        yield return ["--connection", "Host=localhost;Password=a;" + Secret];
        yield return ["--connection", "Host=localhost;Password=\"" + Secret];
        yield return ["--connection", $"postgresql://ada:{Uri.EscapeDataString(Secret)}@no-such-host.invalid/a"];
        yield return ["--connection", $"postgresql://ada:{Secret}@localhost/a"];
        yield return ["--connection", $"postgresql+asyncpg://ada:{Mark}@127.0.0.1:1/a?sslmode={Mark}"];
        yield return ["--connection", Mark];
        yield return ["--connection", "host=127.0.0.1 port=1 password=" + Mark];
        yield return ["--connection", "Host=u:" + Mark + "@127.0.0.1;Port=1"];
        yield return ["--json=" + Mark];
        yield return ["--help:" + Mark];
        yield return ["--conection", Changed(_ => { })];
        yield return [$"--connection={Changed(_ => { })}", "--unknown"];
        yield return [Changed(_ => { })];
        yield return ["--timeout", "soon", "--connection", Changed(_ => { })];
        yield return ["--connection", Changed(_ => { }), "--connection", Changed(_ => { })];
    }

    [Test]
    public async Task No_failing_verb_shows_the_password([Values] bool json)
    {
        var said = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => said.Enqueue(string.Join(" ", activity.TagObjects.Concat(activity.Events.SelectMany(e => e.Tags))
                .Select(tag => $"{tag.Key}={tag.Value}").Append(activity.DisplayName).Append(activity.StatusDescription))),
        };
        ActivitySource.AddActivityListener(listener);
        AppDomain.CurrentDomain.FirstChanceException += Hear;
        var runs = 0;
        try
        {
            foreach (var verb in await VerbsAsync())
            {
                foreach (var way in WaysToFail())
                {
                    string[] args = [verb, .. Arguments(verb), .. way, .. json ? ["--json"] : Array.Empty<string>()];
                    var run = await ConsoleRun.StartAsync(args, cancellationToken: Token);
                    runs++;
                    Assert.That(run.Output + run.Error, Does.Not.Contain(Mark),
                        $"{verb}, {way[0]} {way[^1].Replace(Mark, "…", StringComparison.Ordinal)}");
                    said.Enqueue($"{run.Code}");
                }
            }
        }
        finally
        {
            AppDomain.CurrentDomain.FirstChanceException -= Hear;
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(runs, Is.GreaterThanOrEqualTo(4 * WaysToFail().Count()));
            Assert.That(said.Where(text => text.Contains(Mark, StringComparison.OrdinalIgnoreCase)), Is.Empty);
            Assert.That(said, Has.Some.EqualTo("2").And.Some.EqualTo("6"));
            Assert.That(said, Has.Some.Contains("MigrationException"));
        }

        // Exceptions that reach a caller; caught ones are checked as inner exceptions.
        void Hear(object? sender, FirstChanceExceptionEventArgs thrown)
        {
            if (thrown.Exception is MigrationException or CliException)
            {
                said.Enqueue($"{thrown.Exception} {string.Join(' ', thrown.Exception.Data.Values.Cast<object>())}");
            }
        }
    }

    // Options for a name, a folder or a file, given a connection string.
    [TestCase("revision", "-m", "x", "--directory", "{0}")]
    [TestCase("revision", "-m", "x", "--directory={0}")]
    [TestCase("create", "--maintenance-database", "{0}")]
    [TestCase("drop", "--maintenance-database", "{0}")]
    [TestCase("create", "--owner", "{0}")]
    [TestCase("create", "--locale", "{0}")]
    [TestCase("dump", "--output", "{0}")]
    [TestCase("check", "--ignore", "{0}")]
    [TestCase("current", "--config", "{0}")]
    [TestCase("current", "--connection-file", "{0}")]
    [TestCase("current", "-e", "{0}")]
    [TestCase("upgrade", "--scripts", "jobs={0}")]
    [TestCase("upgrade", "--set", "{0}")]
    [TestCase("upgrade", "{0}")]
    [TestCase("upgrade", "--rehearse", "--disposable", "--copy", "{0}")]
    [TestCase("lint", "{0}")]
    [TestCase("stats", "--save", "{0}")]
    [TestCase("prune", "--policy", "{0}")]
    [TestCase("feature", "enable", "{0}")]
    [TestCase("backup", "status", "--program", "{0}")]
    public async Task No_option_for_another_value_shows_the_password(params string[] args)
    {
        var given = $"postgresql://ada:{Mark}SECRETPW@127.0.0.1:1/{new string('d', 80)}";

        var run = await ConsoleRun.StartAsync(
            [.. args.Select(text => text.Replace("{0}", given, StringComparison.Ordinal))],
            connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.Not.Zero, run.Error);
        Assert.That(run.Output + run.Error, Does.Not.Contain(Mark));
    }

    [Test]
    public async Task No_succeeding_or_waiting_verb_shows_the_password()
    {
        var role = $"migrations_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role} SUPERUSER LOGIN PASSWORD '{Secret.Replace("'", "''", StringComparison.Ordinal)}'");
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString)
            {
                Username = role,
                Password = Secret,
                Pooling = false,
            }.ConnectionString;
            await using var obstacle = await HoldAsync("CREATE TABLE users ()");
            var first = ConsoleRun.StartAsync(["upgrade", "1"], connection: connection, cancellationToken: Token);
            await UntilMigratorWaitsForTableAsync();
            var locked = await ConsoleRun.StartAsync(["upgrade", "--timeout", "0"], connection: connection, cancellationToken: Token);
            obstacle.Release();
            var up = await first;

            Assert.That((up.Code, locked.Code), Is.EqualTo((0, 5)));
            Assert.That(up.Output + up.Error + locked.Output + locked.Error, Does.Not.Contain(Mark));
        }
        finally
        {
            await ExecuteAsync($"REASSIGN OWNED BY {role} TO CURRENT_USER; DROP OWNED BY {role}; DROP ROLE {role}");
        }
    }

    private string Changed(Action<NpgsqlConnectionStringBuilder> change)
    {
        var to = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Password = Secret, Timeout = 5 };
        change(to);
        return to.ConnectionString;
    }

    // A new verb runs, too: without arguments it fails at least with wrong usage.
    private static string[] Arguments(string verb) => verb switch
    {
        "downgrade" => ["base", "--yes"],
        "stamp" => ["1"],

        // Fails on the server: no database is left behind.
        "create" => ["--owner", "autostack_missing"],
        "bench" => ["pool", "--pool-sizes", "1", "--rates", "10", "--duration", "1", "--warmup", "0"],
        _ => [],
    };

    private async Task<IReadOnlyList<string>> VerbsAsync()
    {
        var run = await ConsoleRun.StartAsync([], cancellationToken: Token);
        const string Before = "The verbs are ";
        return run.Error[(run.Error.IndexOf(Before, StringComparison.Ordinal) + Before.Length)..].Split(';')[0].Split(", ");
    }
}
