namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The feature <c>audit</c> on the server of the run and on other releases, alone and with <c>log-partitions</c>.</summary>
[TestFixture("")]
[TestFixture("14.23.0-beta.17")]
[TestFixture("16.14.0-beta.17")]
[TestFixture("17.10.0-beta.17")]
[TestFixture("18.4.0-beta.17")]
public sealed class AuditFeatureTests(string release) : LogPartitionTestsBase(release)
{
    private const string Entries = """
        SELECT c.action || ' ' || c.table_name || ' ' || coalesce(c.row_count::text, '') || ' ' || c.changed
        FROM autostack_audit.changes c
        ORDER BY c.seq
        """;

    private static MigrationTarget AuditOn { get; } = MigrationTarget.Head.In("audit");

    private static MigrationTarget AuditOff { get; } = MigrationTarget.Base.In("audit");

    [Test]
    public async Task Enabled_checked_and_disabled_it_leaves_the_catalog_as_it_was()
    {
        var catalog = await CatalogAsync();

        await Migrator().UpgradeAsync(AuditOn, cancellationToken: Token);
        var check = await Migrator().CheckAsync(Token);
        await ExecuteAsync("""
            UPDATE users SET name = 'Ada L.';
            UPDATE users SET name = name;
            DELETE FROM deployments WHERE id IN (SELECT id FROM deployments ORDER BY id LIMIT 2);
            TRUNCATE password_reset_tokens;
            UPDATE deployments SET queue_place = 5;
            """);
        var entries = await ListAsync(Entries);
        await ExecuteAsync("SELECT seal_audit_entries(); SELECT create_audit_partitions(); SELECT drop_audit_partitions()");
        await ExecuteAsync("SELECT seal_audit_entries()");
        var sealed_ = await ScalarAsync<long>("SELECT sum(entries)::bigint FROM autostack_audit.seals");
        await Migrator().DowngradeAsync(AuditOff, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(check.Differences, Is.Empty);
            Assert.That(check.ForeignObjects, Is.Empty);
            Assert.That(entries, Is.EqualTo(new[]
            {
                """update users 1 {"name": ["Ada", "Ada L."]}""", "delete deployments 2 {}", "truncate password_reset_tokens  {}",
            }));
            Assert.That(sealed_, Is.EqualTo(3));
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        }
    }

    [Test]
    public async Task With_log_partitions_each_can_be_switched_on_and_off_whatever_the_order([Values] bool auditFirst)
    {
        var catalog = await CatalogAsync();

        await Migrator().UpgradeAsync(auditFirst ? AuditOn : On, cancellationToken: Token);
        await Migrator().UpgradeAsync(auditFirst ? On : AuditOn, cancellationToken: Token);
        var check = await Migrator().CheckAsync(Token);
        await ExecuteAsync("UPDATE users SET name = 'Ada L.'; DELETE FROM deployment_logs");
        var entries = await ListAsync(Entries);
        await Migrator().DowngradeAsync(auditFirst ? AuditOff : Off, cancellationToken: Token);
        await Migrator().DowngradeAsync(auditFirst ? Off : AuditOff, cancellationToken: Token);

        Assert.That(check.Differences, Is.Empty);
        Assert.That(entries, Is.EqualTo(new[] { """update users 1 {"name": ["Ada", "Ada L."]}""" }));
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
    }

    [Test]
    public async Task Partitioned_logs_are_recorded_when_they_are_asked_for()
    {
        var catalog = await CatalogAsync();
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        await Migrator(new SchemaMigratorOptions
        {
            Variables = new Dictionary<string, string> { ["tables"] = "deployment_logs,deployment_stages" },
        }).UpgradeAsync(AuditOn, cancellationToken: Token);

        await ExecuteAsync("""
            INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'line' FROM deployments;
            UPDATE deployment_logs SET message = 'other' WHERE id = (SELECT id FROM deployment_logs WHERE message = 'line' LIMIT 1);
            DELETE FROM deployment_logs WHERE message = 'line';
            """);
        var entries = await ListAsync(Entries);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);
        await ExecuteAsync("DELETE FROM deployment_logs WHERE message = 'other'");
        var flat = (await ListAsync(Entries))[^1];
        await Migrator().DowngradeAsync(AuditOff, cancellationToken: Token);

        Assert.That(entries, Is.EqualTo(new[]
        {
            "insert deployment_logs 50 {}", """update deployment_logs 1 {"message": ["line", "other"]}""", "delete deployment_logs 49 {}",
        }));
        Assert.That(flat, Does.StartWith("delete deployment_logs 1 {").And.Contain("\"message\": [\"other\", null]"));
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
    }
}
