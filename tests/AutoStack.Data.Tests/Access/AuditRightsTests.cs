using AutoStack.Data.Accounts;
using AutoStack.Data.Audit;
using AutoStack.Data.Migrations;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Access;

/// <summary>The roles of scripts/roles.sql on a database with the feature audit.</summary>
public sealed class AuditRightsTests
{
    private static readonly string[] Changes =
    [
        "INSERT INTO autostack_audit.changes (actor, role, table_name, action, changed) VALUES ('a', 'a', 'users', 'insert', '{}')",
        "UPDATE autostack_audit.changes SET actor = 'x'",
        "DELETE FROM autostack_audit.changes",
        "TRUNCATE autostack_audit.changes",
        "UPDATE autostack_audit.seals SET entries = 0",
        "DELETE FROM autostack_audit.seals",
        "DELETE FROM autostack_audit.audit_settings",
    ];

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    // A superuser has switched the feature on, and the script mends the owners; or the migrator has.
    [TestCase(true)]
    [TestCase(false)]
    public async Task Services_write_by_triggers_only_people_read_and_nobody_changes(bool bySuperuser)
    {
        await using var database = await RolesDatabase.CreateAsync(TestServer.Current);
        await database.UpgradeAsync();
        await database.RunScriptAsync();
        await new SchemaMigrator(bySuperuser ? database.SuperuserConnectionString : database.As("migrator"))
            .UpgradeAsync(MigrationTarget.Head.In("audit"), cancellationToken: Token);
        await database.RunScriptAsync();
        await using var services = HostOf(database.As("app"));
        await using var people = HostOf(database.As("readonly"));

        var user = await services.GetRequiredService<IUserRepository>().AddAsync(
            new NewUser { Name = "Ada", Email = "ada@example.com" }, Token);
        await services.GetRequiredService<IAuditMaintenance>().MaintainAsync(Token);
        var app = await services.GetRequiredService<IAuditMaintenance>().MaintainAsync(Token);
        var seen = await people.GetRequiredService<IAuditMaintenance>().FindStatusAsync(Token);
        var entries = await people.GetRequiredService<IAuditLog>().ListAsync(AuditFilter.All, Cursor.Start, 10, Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(entries.Items.Select(entry => $"{entry.Table} {entry.RowId} {entry.Role}"),
                Is.EqualTo(new[] { $"users {user.Id} {database.Prefix}_app" }));
            Assert.That((app.IsEnabled, app.Seals), Is.EqualTo((true, (AuditSeals?)null)), "a service may not read the log");
            Assert.That(seen.Seals!.Number, Is.EqualTo(1));
            Assert.That(
                () => services.GetRequiredService<IAuditLog>().ListAsync(AuditFilter.All, Cursor.Start, 10, Token),
                Throws.TypeOf<AuditUnavailableException>().With.Message.StartsWith("The role may not read the audit log."));
        }

        await database.DeniedAllAsync("app", Changes);
        await database.DeniedAllAsync("app",
        [
            "SELECT count(*) FROM autostack_audit.changes",
            "SELECT nextval('autostack_audit.changes_seq')",
            "UPDATE autostack_audit.audit_settings SET keep = '1 day'",
            "UPDATE autostack_audit.marks SET seq = 0",
            "ALTER TABLE users DISABLE TRIGGER users_record_insert",
            "SELECT audit_table('users', '', NULL, FALSE)",
            "SET session_replication_role = replica",
            "DROP TABLE autostack_audit.changes_default",
            "CREATE TEMPORARY TABLE users (id uuid)",
        ]);
        foreach (var sql in Changes.Concat(
            ["SELECT seal_audit_entries()", "SELECT create_audit_partitions()", "SELECT drop_audit_partitions()"]))
        {
            database.Denied("readonly", sql, "-c default_transaction_read_only=off");
        }

        // Who acts as the owner may change the tables, but not the rows.
        await database.DeniedAllAsync("migrator", Changes);
        await database.DeniedAllAsync("migrator", ["TRUNCATE autostack_audit.changes_default", "SET session_replication_role = replica"]);
        Assert.That(await database.ListAsync("SELECT count(*) FROM autostack_audit.changes"), Is.EqualTo(new[] { "1" }));
    }

    private static ServiceProvider HostOf(string connectionString) => new ServiceCollection()
        .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (connectionString, 0))
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
