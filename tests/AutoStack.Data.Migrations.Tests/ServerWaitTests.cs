using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class ServerWaitTests : MigrationTests
{
    private static readonly SchemaMigratorOptions Patient = new() { ServerWait = TimeSpan.FromHours(1) };

    private NpgsqlConnectionStringBuilder Real => new(ConnectionString);

    [SetUp]
    public void NeedsAPort() => Assume.That(Real.Host, Does.Not.StartWith("/"));

    [Test]
    public async Task Upgrade_waits_for_a_starting_server_and_reports_once()
    {
        await using var late = new LateServer();
        var attempts = 0;
        var recorder = new Recorder(e =>
        {
            // The first attempt found no listener; then a starting server answers, then a proxy without a server.
            if (e is WaitingForServer)
            {
                late.Refuse("57P03", () => late.HangUp(() =>
                {
                    attempts++;
                    late.LeadTo(Real.Host!, Real.Port);
                }));
            }
        });

        await new SchemaMigrator(Through(late), Patient).UpgradeAsync(MigrationTarget.Version(1), recorder, Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(attempts, Is.EqualTo(1));
            Assert.That(recorder.Events.OfType<WaitingForServer>().Select(e => e.Server),
                Is.EqualTo(new[] { $"127.0.0.1:{late.Port}, database {Database.Name}" }));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
        }
    }

    [TestCase("current")]
    [TestCase("history", "--json")]
    [TestCase("upgrade", "--sql")]
    [TestCase("upgrade", "--dry-run")]
    [TestCase("upgrade", "--rehearse", "--yes")]
    [TestCase("downgrade", "base", "--yes")]
    public async Task Every_verb_waits_and_reports_on_standard_error(params string[] args)
    {
        await using var late = new LateServer();
        using var error = new OpenWhenWritten("Waiting for the server", () => late.LeadTo(Real.Host!, Real.Port));
        using var output = new StringWriter();

        var code = await Cli.AutoStackDb.RunAsync(
            [.. args, "--wait", "3600"], new Cli.CliHost(output, error, TextReader.Null, _ => Through(late)), Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero, error.ToString());
            Assert.That(output.ToString(), Does.Not.Contain("Waiting"));
        }
    }

    [Test]
    public async Task An_absent_server_fails_at_once_without_wait()
    {
        await using var late = new LateServer();
        var recorder = new Recorder();

        Assert.That(() => new SchemaMigrator(Through(late)).UpgradeAsync(default, recorder, Token),
            Throws.TypeOf<MigrationException>().With.Property(nameof(MigrationException.Error)).EqualTo(MigrationError.NoConnection));
        Assert.That(recorder.Events, Is.Empty);
    }

    [TestCase("28P01")]
    [TestCase("28000")]
    [TestCase("3D000")]
    [TestCase("53300")]
    public async Task A_permanent_error_fails_at_once(string sqlState)
    {
        await using var late = new LateServer();
        late.Refuse(sqlState);

        Assert.That(() => new SchemaMigrator(Through(late), Patient).UpgradeAsync(cancellationToken: Token),
            Throws.TypeOf<MigrationException>().With.Property(nameof(MigrationException.Error)).EqualTo(MigrationError.NoConnection));
        Assert.That(late.Visits, Is.EqualTo(1));
    }

    [Test]
    public void The_wait_for_an_unknown_host_can_be_cancelled()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var recorder = new Recorder(e => stop.Cancel());

        Assert.That(() => new SchemaMigrator("Host=no-such-host.invalid;Database=a;Username=b", Patient)
            .UpgradeAsync(default, recorder, stop.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(recorder.Events, Has.One.InstanceOf<WaitingForServer>());
    }

    [TestCase("current", "--wait")]
    [TestCase("upgrade", "--wait", "head")]
    [TestCase("upgrade", "--wait", "-1")]
    [TestCase("upgrade", "--timeout")]
    public async Task The_wait_must_be_a_number_of_seconds(params string[] args)
    {
        var run = await ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain(args[1]));
    }

    private string Through(LateServer late) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Host = "127.0.0.1", Port = late.Port }.ConnectionString;

    /// <summary>Calls an action once when a text is written.</summary>
    private sealed class OpenWhenWritten(string text, Action then) : StringWriter
    {
        private bool done;

        public override void Write(string? value)
        {
            base.Write(value);
            Check();
        }

        public override void Write(char[] buffer, int index, int count)
        {
            base.Write(buffer, index, count);
            Check();
        }

        private void Check()
        {
            if (!done && ToString().Contains(text, StringComparison.Ordinal))
            {
                done = true;
                then();
            }
        }
    }
}
