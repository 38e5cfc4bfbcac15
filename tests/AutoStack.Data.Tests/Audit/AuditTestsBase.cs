using AutoStack.Data.Audit;
using AutoStack.Data.Migrations;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Audit;

/// <summary>A database with the feature <c>audit</c>, every table of which is recorded.</summary>
public abstract class AuditTestsBase : DatabaseTests
{
    private long mark;

    protected IAuditLog Log => Get<IAuditLog>();

    [OneTimeSetUp]
    public async Task EnableAsync() =>
        await new SchemaMigrator(Database.ConnectionString, new SchemaMigratorOptions
        {
            Variables = new Dictionary<string, string>
            {
                ["tables"] = "deployment_stages,deployment_logs,deployment_runtime_logs,deployment_health_checks",
            },
        }).UpgradeAsync(MigrationTarget.Head.In("audit"), cancellationToken: Token);

    [SetUp]
    public async Task MarkAsync() =>
        mark = (long)(await ScalarAsync("SELECT coalesce(max(seq), 0) FROM autostack_audit.changes"))!;

    /// <summary>The entries since the begin of the test, oldest first; of a table, when it is named.</summary>
    protected async Task<IReadOnlyList<AuditEntry>> NewEntriesAsync(string? table = null) =>
    [
        .. (await Log.ListAsync(new AuditFilter { Table = table }, Cursor.Start, IAuditLog.MaxListSize, Token)).Items
            .Where(entry => entry.Seq > mark).Reverse(),
    ];

    /// <summary>What an entry says, in short.</summary>
    protected static string Describe(AuditEntry entry) =>
        $"{entry.Action} {entry.Table} {string.Join(' ', entry.Columns.Select(c => $"{c.Name}={c.Old}>{c.New}"))}".TrimEnd();
}
