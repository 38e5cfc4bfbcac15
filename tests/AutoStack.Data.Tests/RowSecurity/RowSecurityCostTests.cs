using System.Globalization;
using System.Security.Cryptography;
using AutoStack.Data.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>
/// What a call of an owner costs the server with row security, beside the same call without, as ratios of one run; runs by its name only.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
public sealed class RowSecurityCostTests : RowSecurityTests
{
    private const int Rounds = 7;
    private const int DeploymentRows = 20_000;

    // The feature signed-identity refuses the claims of the other test.
    [Test]
    [Order(1)]
    [CancelAfter(3_600_000)]
    public Task Every_call_that_reads_beside_the_same_call_without_row_security() =>
        CompareAsync([.. OwnerCalls.All.Where(call => !call.Writes)], _ => { });

    [Test]
    [Order(2)]
    [CancelAfter(3_600_000)]
    public async Task Calls_with_a_signed_identity_beside_the_same_calls_without_row_security()
    {
        var signingKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        await new SchemaMigrator(Database.ConnectionString).UpgradeAsync(
            MigrationTarget.Head.In("signed-identity"), cancellationToken: Token);
        await ExecuteAsync("SELECT row_security_add_key('first', $1)", signingKey);
        string[] names = ["user", "project", "deployment", "container", "log", "recent"];
        await CompareAsync([.. OwnerCalls.All.Where(call => names.Contains(call.Name))], options => options.IdentityKey = signingKey);
    }

    private async Task CompareAsync(IReadOnlyList<OwnerCall> calls, Action<AutoStackDataOptions> configure)
    {
        var me = await Tenant.CreateAsync(Plain, Token);
        await OwnerRows.FillAsync(Raw, me, DeploymentRows, Token);
        await using var plain = HostOf(options => Single(options, "cost plain"));
        await using var guarded = HostOf(options =>
        {
            Single(options, "cost guarded");
            options.TenantRole = TenantRole;
            configure(options);
        });
        await TestContext.Out.WriteLineAsync($"{"call",-22}{"without",12}{"with",12}{"ratio",8}   µs of the server's CPU");
        foreach (var call in calls)
        {
            List<double> without = [], with = [];
            for (var round = 0; round <= Rounds; round++)
            {
                without.Add(await MeasureAsync(plain, "cost plain", call, me));
                with.Add(await MeasureAsync(guarded, "cost guarded", call, me));
            }

            // The first round plans.
            var (a, b) = (Median(without[1..]), Median(with[1..]));
            await TestContext.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{call.Name,-22}{a,12:0}{b,12:0}{b / a,8:0.00}"));
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Single(AutoStackDataOptions options, string name)
    {
        (options.MinPoolSize, options.MaxPoolSize) = (1, 1);
        options.ConnectionString = new NpgsqlConnectionStringBuilder(options.ConnectionString!.Reveal())
        {
            ApplicationName = name,
        }.ConnectionString;
    }

    // Calls for at least 40 ms of the server's CPU.
    private async Task<double> MeasureAsync(ServiceProvider host, string name, OwnerCall call, Tenant me)
    {
        await call.RunAsync(host, me, me, Token);
        var (calls, start) = (0, await CpuAsync(name));
        long used;
        do
        {
            for (var i = 0; i < 10; i++, calls++)
            {
                await call.RunAsync(host, me, me, Token);
            }

            used = await CpuAsync(name) - start;
        }
        while (used < 40_000_000);
        return used / 1000.0 / calls;
    }

    private async Task<long> CpuAsync(string name) => long.Parse((string)(await ScalarAsync("""
        SELECT split_part(pg_read_file(format('/proc/%s/schedstat', a.pid)), ' ', 1) FROM pg_stat_activity a WHERE a.application_name = $1
        """, name))!, CultureInfo.InvariantCulture);
}
