using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>The ways to pass a database and its password that the process list does not show.</summary>
public sealed class ConnectionWayTests : MigrationTests
{
    private const string Secret = "hunter2correct";

    [Test]
    public async Task A_connection_file_is_read()
    {
        using var workplace = new Workplace();
        var file = await WriteAsync(workplace, ConnectionString + "\n", "600");

        var run = await ConsoleRun.StartAsync(["current", "--connection-file", "connection"], workplace.Root, cancellationToken: Token);
        var both = await ConsoleRun.StartAsync(
            ["current", "--connection-file", file, "--connection", ConnectionString], cancellationToken: Token);

        Assert.That((run.Code, both.Code), Is.EqualTo((0, 2)));
    }

    [Test]
    public async Task A_connection_file_may_be_a_pipe_or_a_link()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Ignore("A file has no group there, and a pipe no path.");
            return;
        }

        using var workplace = new Workplace();
        var file = await WriteAsync(workplace, ConnectionString, "640");
        var (link, pipe) = (Path.Combine(workplace.Root, "link"), Path.Combine(workplace.Root, "pipe"));
        File.CreateSymbolicLink(link, file);
        using var made = System.Diagnostics.Process.Start("mkfifo", ["-m", "600", pipe]);
        await made.WaitForExitAsync(Token);
        var written = Task.Run(() => File.WriteAllText(pipe, ConnectionString), Token);

        var linked = await ConsoleRun.StartAsync(["current", "--connection-file", link], cancellationToken: Token);
        var piped = await ConsoleRun.StartAsync(["current", "--connection-file", pipe], cancellationToken: Token);
        await written;
        File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32("644", 8));
        var open = await ConsoleRun.StartAsync(["current", "--connection-file", link], cancellationToken: Token);

        Assert.That((linked.Code, piped.Code, open.Code), Is.EqualTo((0, 0, 2)), linked.Error + piped.Error);
    }

    [TestCase("644")]
    [TestCase("620")]
    [TestCase("602")]
    public async Task A_connection_file_that_others_can_read_or_change_is_refused(string mode)
    {
        using var workplace = new Workplace();
        var file = await WriteAsync(workplace, $"Host=127.0.0.1;Password={Secret}", mode);

        var run = await ConsoleRun.StartAsync(["current", "--connection-file", file], cancellationToken: Token);

        Assert.That((run.Code, run.Error.Contains("chmod 600", StringComparison.Ordinal)), Is.EqualTo((2, true)));
        Assert.That(run.Error, Does.Not.Contain(Secret));
    }

    [TestCase("")]
    [TestCase(" \n")]
    [TestCase("Host=a\nHost=b")]
    [TestCase(null)]
    public async Task A_connection_file_without_one_line_is_refused(string? text)
    {
        using var workplace = new Workplace();
        var file = text is null ? Path.Combine(workplace.Root, "none") : await WriteAsync(workplace, text, "600");

        var run = await ConsoleRun.StartAsync(
            ["upgrade", "--connection-file", file], connection: ConnectionString, cancellationToken: Token);

        Assert.That((run.Code, run.Error.Contains("--connection-file", StringComparison.Ordinal)), Is.EqualTo((2, true)));
        Assert.That(await ExistsAsync("schema_versions"), Is.False);
    }

    [TestCase("-p", Secret)]
    [TestCase("-p" + Secret)]
    [TestCase("--password", Secret)]
    [TestCase("--password=" + Secret)]
    [TestCase("--password:" + Secret)]
    [TestCase("--passwd=" + Secret)]
    [TestCase("-W", Secret)]
    [TestCase(Secret)]
    [TestCase("--" + Secret)]
    [TestCase("--timeout", Secret)]
    [TestCase("--wait=" + Secret)]
    [TestCase("--json=" + Secret)]
    [TestCase("--connection", "a", "--connection", Secret)]
    [TestCase("--connection-file", Secret)]
    [TestCase("--connection", Secret)]
    public async Task A_misplaced_password_is_not_echoed(params string[] given)
    {
        string[] verbs = ["", "upgrade", "downgrade", "current", "check", "adopt", "stamp", "history", "revision", "lint", "bench"];
        foreach (var verb in verbs)
        {
            foreach (var args in new string[][] { [verb, .. given], [.. given, verb], [verb, .. given, "--json"] })
            {
                var run = await ConsoleRun.StartAsync([.. args.Where(text => text.Length > 0)], cancellationToken: Token);

                // The verb lint needs no connection.
                Assert.That(run.Code, Is.Not.Zero.Or.EqualTo(verb == "lint" ? 0 : 2), string.Join(' ', args));
                Assert.That(run.Output + run.Error, Does.Not.Contain(Secret), string.Join(' ', args));
            }
        }
    }

    [TestCase("Did you mean upgrade?", "upgarde")]
    [TestCase("Did you mean --connection?", "upgrade", "--conection")]
    [TestCase("Argument 3 is not known to upgrade.", "upgrade", "head", "now")]
    [TestCase("PGPASSFILE", "upgrade", "--password=x")]
    public async Task A_wrong_argument_is_named_by_its_position(string sentence, params string[] args)
    {
        var run = await ConsoleRun.StartAsync(args, cancellationToken: Token);

        Assert.That((run.Code, run.Error.Contains(sentence, StringComparison.Ordinal)), Is.EqualTo((2, true)), run.Error);
    }

    [Test]
    public async Task The_console_asks_for_a_password_only_at_a_terminal()
    {
        await using var server = await PasswordRoleAsync();
        var without = new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            Username = server.Role,
            Password = null,
            Passfile = "/dev/null",
        }.ConnectionString;
        using var output = new StringWriter();
        using var error = new StringWriter();
        var asked = 0;
        var host = new CliHost(output, error, TextReader.Null, name => name == "AUTOSTACK_CONNECTION" ? without : null)
        {
            InputRedirected = false,
            ReadSecret = () => ++asked == 1 ? Secret : null,
        };

        var code = await AutoStackDb.RunAsync(["current"], host, Token);
        var piped = await ConsoleRun.StartAsync(["current"], connection: without, cancellationToken: Token);

        Assume.That(server.WantsPassword, "The test's server trusts everybody.");
        Assert.That((code, asked, piped.Code), Is.EqualTo((0, 1, 6)));
        Assert.That(error.ToString(), Does.Contain($"Password of {server.Role}").And.Not.Contain(Secret));
    }

    private static async Task<string> WriteAsync(Workplace workplace, string text, string mode)
    {
        var file = Path.Combine(workplace.Root, "connection");
        await File.WriteAllTextAsync(file, text);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, (UnixFileMode)Convert.ToInt32(mode, 8));
        }

        return file;
    }

    private async Task<PasswordRole> PasswordRoleAsync()
    {
        var role = $"asked_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD '{Secret}'");
        var rules = await ListAsync("SELECT auth_method FROM pg_hba_file_rules WHERE type LIKE 'host%' ORDER BY line_number LIMIT 1");
        return new PasswordRole(role, rules is [not "trust"], () => ExecuteAsync($"DROP ROLE {role}"));
    }

    private sealed class PasswordRole(string role, bool wantsPassword, Func<Task> drop) : IAsyncDisposable
    {
        public string Role => role;

        public bool WantsPassword => wantsPassword;

        public async ValueTask DisposeAsync() => await drop();
    }
}
