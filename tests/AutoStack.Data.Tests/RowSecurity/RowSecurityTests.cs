using AutoStack.Data.Migrations;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>A database with the feature row-security, and a host that uses it beside the one that does not.</summary>
public abstract class RowSecurityTests : DatabaseTests
{
    protected const string TenantRole = "autostack_tenant";

    private readonly SecretKey key = NewKey("k1");

    /// <summary>The repositories of a host that sends the statements of an owner under the tenant role.</summary>
    protected ServiceProvider Guarded { get; private set; } = null!;

    /// <summary>The repositories of a host that sends every statement as the role of the connection.</summary>
    protected ServiceProvider Plain { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task EnableAsync()
    {
        await new SchemaMigrator(Database.ConnectionString).UpgradeAsync(MigrationTarget.Head.In("row-security"), cancellationToken: Token);
        Plain = HostOf(_ => { });
        Guarded = HostOf(options => options.TenantRole = TenantRole);
    }

    [OneTimeTearDown]
    public async Task EndAsync()
    {
        await Guarded.DisposeAsync();
        await Plain.DisposeAsync();
    }

    protected ServiceProvider HostOf(Action<AutoStackDataOptions> configure) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            LibraryConnection.Set(options, Database.ConnectionString);
            options.TenantRole = null;
            options.SecretKeys.Add(key);
            configure(options);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
