using System.Net;
using System.Net.Sockets;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class BadConnectionTests : MigrationTests
{
    private const string Secret = "s3cret-pass";

    [Test]
    public async Task A_wrong_password_fails_with_NoConnection()
    {
        var builder = new NpgsqlConnectionStringBuilder(ConnectionString) { Password = Secret, Pooling = false };
        await using (var probe = new NpgsqlConnection(builder.ConnectionString))
        {
            try
            {
                await probe.OpenAsync(Token);
                Assert.Ignore("The server asks for no password.");
            }
            catch (PostgresException)
            {
                // With nothing entered, the console asks and fails.
            }
        }

        AssertNoConnection(builder.ConnectionString, builder.Username!);
    }

    [Test]
    public void A_missing_database_fails_with_NoConnection()
    {
        // The error must not show the right password either.
        var builder = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "autostack_missing" };

        var failure = AssertNoConnection(builder.ConnectionString, "autostack_missing");

        if (!string.IsNullOrEmpty(builder.Password))
        {
            Assert.That(failure.ToString(), Does.Not.Contain(builder.Password));
        }
    }

    [Test]
    public void A_closed_port_fails_with_NoConnection()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        AssertNoConnection($"Host=127.0.0.1;Port={port};Database=a;Username=b;Password={Secret}", $"127.0.0.1:{port}");
    }

    [Test]
    public void An_unknown_host_fails_with_NoConnection() =>
        AssertNoConnection($"Host=no-such-host.invalid;Database=a;Username=b;Password={Secret}", "no-such-host.invalid");

    [TestCase("")]
    [TestCase(Secret)]
    [TestCase("this is no connection string, " + Secret)]
    [TestCase("Host=localhost;Password=abc;" + Secret)]
    [TestCase("Host=localhost;Password=abc;" + Secret + "=1")]
    [TestCase("Host=localhost;Port=" + Secret)]
    [TestCase("Host=localhost;SSL Mode=" + Secret)]
    [TestCase("Host=localhost;Password=\"" + Secret)]
    public void A_malformed_connection_string_fails_with_NoConnection(string text) => AssertNoConnection(text, "connection string");

    [TestCase("host=127.0.0.1 port=1 password=" + Secret)]
    [TestCase("host=" + Secret + "=1")]
    [TestCase("Host=postgresql://u:" + Secret + "@h/d")]
    [TestCase("Host=postgresql:" + Secret)]
    [TestCase("Host=u:" + Secret + "@127.0.0.1;Port=1")]
    [TestCase("Host=127.0.0.1,u:" + Secret + ";Port=1")]
    [TestCase("Host=127.0.0.1/" + Secret + ";Port=1")]
    [TestCase("Host=/no/such/socket password=" + Secret)]
    [TestCase("postgresql://127.0.0.1%20" + Secret + ":1/d")]
    [TestCase("Host=127.0.0.1;Port=1;Database=d password=" + Secret)]
    [TestCase("Host=127.0.0.1;Port=1;Username=u password = " + Secret)]
    public void A_misplaced_password_fails_with_NoConnection_and_is_not_shown(string text) => AssertNoConnection(text, "connection string");

    [TestCase("Host=::1;Port=1;Timeout=1", "[::1]:1:")]
    [TestCase("Host=[::1]:1;Timeout=1", "::1")]
    [TestCase("Host=127.0.0.1:1, 127.0.0.2:1;Timeout=1", "127.0.0.1:1, 127.0.0.2:1")]
    [TestCase("Host=/no/such/socket;Database=d;Timeout=1", "/no/such/socket:5432, database d")]
    public void An_error_names_the_server_as_it_was_given(string text, string named) =>
        Assert.That(AssertNoConnection(text, named).Message, Does.StartWith("No connection to ").And.Not.Contain("database :"));

    [Test]
    public void A_database_that_does_not_exist_is_named_with_the_command_that_makes_it() =>
        Assert.That(
            () => new SchemaMigrator(
                new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "no_such_database" }.ConnectionString).UpgradeAsync(
                    cancellationToken: Token),
            Throws.TypeOf<MigrationException>().With.Message.EndsWith(
                """database "no_such_database" does not exist (autostack-db create makes it)"""));

    [TestCase("Database=a;Username=b;Password=" + Secret)]
    [TestCase("Host=;Database=a;Password=" + Secret)]
    public void A_string_without_host_fails_with_NoConnection(string text) => AssertNoConnection(text, "Host");

    [Test]
    public void Reading_the_history_without_a_server_fails_with_NoConnection() =>
        Assert.That(() => new SchemaMigrator($"Host=no-such-host.invalid;Password={Secret}").ReadHistoryAsync(Token),
            Throws.TypeOf<MigrationException>().With.Property(nameof(MigrationException.Error)).EqualTo(MigrationError.NoConnection));

    private MigrationException AssertNoConnection(string connectionString, string named)
    {
        var failure = Assert.ThrowsAsync<MigrationException>(
            async () => await new SchemaMigrator(connectionString).UpgradeAsync(cancellationToken: Token))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.NoConnection));
            Assert.That(failure.Message, Does.Contain(named));
            Assert.That(failure.ToString(), Does.Not.Contain(Secret).IgnoreCase);
        }

        return failure;
    }
}
