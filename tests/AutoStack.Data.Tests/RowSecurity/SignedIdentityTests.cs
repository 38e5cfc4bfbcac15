using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using AutoStack.Data.Health;
using AutoStack.Data.Migrations;
using AutoStack.Data.Postgres;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>The key and the clock of signed identities.</summary>
public sealed class SignedIdentityTests : RowSecurityTests
{
    private readonly byte[] signingKey = RandomNumberGenerator.GetBytes(32);

    [OneTimeSetUp]
    public async Task SignAsync()
    {
        await new SchemaMigrator(Database.ConnectionString).UpgradeAsync(
            MigrationTarget.Head.In("signed-identity"), cancellationToken: Token);
        await ExecuteAsync("SELECT row_security_add_key('first', $1)", Convert.ToBase64String(signingKey));
    }

    [Test]
    public async Task A_service_whose_key_the_database_does_not_have_is_not_ready()
    {
        Assert.That(await CheckAsync(signingKey), Is.Null);
        Assert.That(
            await CheckAsync(RandomNumberGenerator.GetBytes(32)),
            Does.StartWith("The database does not accept identities that are signed with AutoStackDataOptions.IdentityKey: "));
    }

    [TestCase(-60)]
    [TestCase(60)]
    public async Task A_host_whose_clock_is_wrong_takes_the_clock_of_the_database(int minutes)
    {
        var access = new TenantAccess(TenantRole, signingKey, new SkewedClock(TimeSpan.FromMinutes(minutes), TimeProvider.System));
        var user = Guid.NewGuid();
        Assert.That(Math.Abs(await LeftAsync(access.IdentityOf(user)) - (60 * minutes)), Is.LessThan(400), "It has learnt nothing yet.");

        Assert.That(await ReadinessOf(access).FindSchemaProblemAsync(Token), Is.Null);

        var identity = access.IdentityOf(user);
        Assert.That(await LeftAsync(identity), Is.InRange(150, 400));
        Assert.That(
            await ScalarAsync("SELECT row_security_user_id() FROM set_config('autostack.user_id', $1, FALSE)", identity), Is.EqualTo(user));
    }

    [Test]
    public void After_a_change_of_the_hosts_clock_the_learnt_time_is_given_up()
    {
        var host = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(6_000)) { AutoAdvanceAmount = TimeSpan.Zero };
        var clock = new MovedClock(host);
        var access = new TenantAccess(TenantRole, signingKey, clock);

        access.Learn(600_000_000);
        Assert.That(ExpiryOf(access.IdentityOf(Guid.NewGuid())), Is.EqualTo(600_000 + 300));
        host.Advance(TimeSpan.FromHours(2));
        Assert.That(ExpiryOf(access.IdentityOf(Guid.NewGuid())), Is.EqualTo(607_200 + 300));

        clock.Moved = TimeSpan.FromHours(1);
        Assert.That(ExpiryOf(access.IdentityOf(Guid.NewGuid())), Is.EqualTo(6_000 + 7_200 + 3_600 + 300));
        access.Learn(700_020_000);
        Assert.That(ExpiryOf(access.IdentityOf(Guid.NewGuid())), Is.EqualTo(700_020 + 300));
    }

    private static long ExpiryOf(string identity) => long.Parse(identity.Split('.')[1], CultureInfo.InvariantCulture);

    // The seconds for which the identity is valid yet.
    private async Task<long> LeftAsync(string identity) =>
        ExpiryOf(identity) - (long)(await ScalarAsync("SELECT extract(epoch FROM now())::bigint"))!;

    private async Task<string?> CheckAsync(byte[] key)
    {
        await using var host = new ServiceCollection()
            .AddLogging()
            .AddAutoStackData(options =>
            {
                LibraryConnection.Set(options, Database.ConnectionString);
                (options.TenantRole, options.IdentityKey) = (TenantRole, Convert.ToBase64String(key));
            })
            .AddHealthChecks().AddAutoStackData().Services
            .BuildServiceProvider();
        var report = await host.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);
        return report.Entries["autostack-data-ready"].Description;
    }

    // Over the executor of a host without the access.
    private Readiness ReadinessOf(TenantAccess access)
    {
        var database = Plain.GetRequiredKeyedService<Data.Database>(AutoStackDataServiceCollectionExtensions.DefaultKey);
        var field = typeof(Data.Database).GetField("executor", BindingFlags.Instance | BindingFlags.NonPublic)!;
        return new Readiness(new Db((Executor)field.GetValue(database)!, new Subject("Test", table: null)), access);
    }

    private sealed class MovedClock(TimeProvider clock) : TimeProvider
    {
        public TimeSpan Moved { get; set; }

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow() + Moved;

        public override long GetTimestamp() => clock.GetTimestamp();
    }
}
