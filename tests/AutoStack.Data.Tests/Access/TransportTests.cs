using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using AutoStack.Data.Accounts;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Access;

/// <summary>A server of the fixture's own, with a certificate for 127.0.0.1 that a private authority has signed.</summary>
public sealed class TransportTests
{
    private readonly string folder = Directory.CreateTempSubdirectory("autostack-tls-").FullName;
    private PostgresServer server = null!;
    private TestDatabase database = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    private string Authority => Path.Combine(folder, "authority.crt");

    private string Stranger => Path.Combine(folder, "stranger.crt");

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var name = "tls " + Guid.NewGuid();
        try
        {
            server = await PostgresServer.StartAsync(
                new PostgresServerOptions { Settings = new Dictionary<string, string> { ["cluster_name"] = name } });
        }
        catch (PostgresUnavailableException exception) when (Environment.GetEnvironmentVariable("CI") is null or "")
        {
            Assert.Ignore(exception.Message);
        }

        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();
        await using var ask = new NpgsqlCommand("SHOW cluster_name", connection);
        if (!Equals(await ask.ExecuteScalarAsync(), name))
        {
            Assert.Ignore("The settings of a server that was running already are not changed.");
        }

        using var authority = NewAuthority("AutoStack test authority");
        using var stranger = NewAuthority("Another authority");
        await File.WriteAllTextAsync(Authority, authority.ExportCertificatePem());
        await File.WriteAllTextAsync(Stranger, stranger.ExportCertificatePem());
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, authority.NotBefore, authority.NotAfter, RandomNumberGenerator.GetBytes(8));

        // The server writes its files itself: they are its user's, and readable by nobody else.
        (string, string)[] files = [("server.crt", certificate.ExportCertificatePem()), ("server.key", key.ExportPkcs8PrivateKeyPem())];
        foreach (var (file, text) in files)
        {
            await using var write = new NpgsqlCommand(
                $"COPY (SELECT regexp_split_to_table('{text}', '\n')) TO PROGRAM 'umask 077; cat > {file}'", connection);
            await write.ExecuteNonQueryAsync();
        }

        foreach (var sql in new[] { "ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()" })
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync();
        }

        database = await server.CreateDatabaseAsync();
        while (!await IsEncryptedAsync(With(SslMode.Prefer, null)))
        {
            await Task.Delay(10);
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (database is not null)
        {
            await database.DisposeAsync();
        }

        if (server is not null)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task VerifyFull_with_the_authority_works_and_is_encrypted()
    {
        var connection = With(SslMode.VerifyFull, Authority);
        await using var provider = new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (connection, 0))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();

        var user = await provider.GetRequiredService<IUserRepository>().AddAsync(
            new NewUser { Name = "Ada", Email = "ada@example.com" }, Token);

        Assert.That(user.Email, Is.EqualTo("ada@example.com"));
        Assert.That(await IsEncryptedAsync(connection), Is.True);
    }

    [Test]
    public async Task A_migrator_accepts_the_settings_in_a_URI()
    {
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var (host, password) = ($"{settings.Host}:{settings.Port}", Uri.EscapeDataString(settings.Password!));
        var uri = $"postgresql://{settings.Username}:{password}@{host}/{settings.Database}?sslmode=verify-full&sslrootcert=";

        var history = await new SchemaMigrator(uri + Uri.EscapeDataString(Authority)).ReadHistoryAsync(Token);
        Assert.That(history.CurrentVersion, Is.EqualTo(history.HeadVersion));
        Assert.That(
            () => new SchemaMigrator(uri + Uri.EscapeDataString(Stranger)).ReadHistoryAsync(Token),
            Throws.TypeOf<MigrationException>().With.Property(nameof(MigrationException.Error)).EqualTo(MigrationError.NoConnection));
    }

    [Test]
    public void VerifyFull_refuses_a_server_of_another_authority() => Refused(With(SslMode.VerifyFull, Stranger));

    [Test]
    public void VerifyFull_refuses_a_server_of_another_name() => Refused(With(SslMode.VerifyFull, Authority, host: "localhost"));

    [Test]
    public async Task Require_encrypts_and_verifies_nothing() =>
        Assert.That(await IsEncryptedAsync(With(SslMode.Require, null, host: "localhost")), Is.True);

    private static X509Certificate2 NewAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }

    private static void Refused(string connectionString) =>
        Assert.That(
            () => IsEncryptedAsync(connectionString),
            Throws.InstanceOf<NpgsqlException>().With.InnerException.InstanceOf<AuthenticationException>());

    private static async Task<bool> IsEncryptedAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", connection);
        return (bool)(await command.ExecuteScalarAsync(Token))!;
    }

    private string With(SslMode mode, string? authority, string host = "127.0.0.1") =>
        new NpgsqlConnectionStringBuilder(database.ConnectionString)
        {
            Host = host,
            SslMode = mode,
            RootCertificate = authority,
            Pooling = false,
        }.ConnectionString;
}
