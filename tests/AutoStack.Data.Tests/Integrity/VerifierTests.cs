using System.Security.Cryptography;
using AutoStack.Data.Accounts;
using AutoStack.Data.Integrity;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Integrity;

/// <summary>A fixture whose every test has a database of its own, which it damages, and the services with a key.</summary>
public abstract class VerifierTests
{
    private readonly SecretKey key = new() { Id = "k1", Secret = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) };
    private TestDatabase database = null!;

    protected static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    protected ServiceProvider Services { get; private set; } = null!;

    protected string ConnectionString => database.ConnectionString;

    protected NpgsqlDataSource Raw { get; private set; } = null!;

    [SetUp]
    public async Task CreateAsync()
    {
        database = await TestServer.Current.CreateDatabaseAsync(Token);
        Raw = NpgsqlDataSource.Create(database.ConnectionString);
        Services = With(key);
    }

    [TearDown]
    public async Task DropAsync()
    {
        await Services.DisposeAsync();
        await Raw.DisposeAsync();
        await database.DisposeAsync();
    }

    /// <summary>The services with some keys, by another connection if one is given.</summary>
    protected ServiceProvider With(params SecretKey[] keys) => new ServiceCollection()
        .Configure<PasswordHasherOptions>(options => options.TestWorkFactor = 4)
        .AddAutoStackData(options =>
        {
            LibraryConnection.Set(options, ConnectionString);
            Array.ForEach(keys, options.SecretKeys.Add);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    protected Task<VerificationResult> VerifyAsync(params string[] checks) =>
        Services.GetRequiredService<IDatabaseVerifier>().VerifyAsync(new VerificationOptions { Checks = checks }, null, Token);

    /// <summary>The findings besides remarks, as the rule, the severity and the problem.</summary>
    protected async Task<IReadOnlyList<string>> FindAsync(params string[] checks) =>
    [
        .. (await VerifyAsync(checks)).Findings.Where(finding => finding.Severity != Severity.Information)
            .Select(finding => $"{finding.Rule} {finding.Severity}: {finding.Problem}"),
    ];

    protected async Task ExecuteAsync(string sql)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    protected async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Raw.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }
}
