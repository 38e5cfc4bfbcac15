using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>The migrator with the roles of scripts/roles.sql: the login has another role set.</summary>
public sealed class MigratorRoleTests : MigrationTests
{
    private const string Password = "of the test only";

    private readonly string prefix = "migrations_" + Guid.NewGuid().ToString("N")[..12];

    [SetUp]
    public async Task CreateRolesAsync()
    {
        await RunRolesScriptAsync();
        foreach (var role in new[] { "migrator", "app" })
        {
            await ExecuteAsync($"ALTER ROLE {prefix}_{role} PASSWORD '{Password}'");
        }
    }

    [TearDown]
    public Task DropRolesAsync() => ExecuteAsync($"""
        DROP OWNED BY {prefix}_migrator, {prefix}_app, {prefix}_readonly, {prefix}_owner CASCADE;
        DROP ROLE {prefix}_migrator, {prefix}_app, {prefix}_readonly, {prefix}_owner;
        """);

    [Test]
    public async Task A_migrator_with_a_set_role_cancels_its_script()
    {
        using var cancelling = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var migration = Migrate("CREATE TABLE lost ();\nSELECT pg_sleep(20)", cancellationToken: cancelling.Token);
        await UntilAsync("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep')");

        await cancelling.CancelAsync();

        Assert.That(async () => await migration, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await AppliedAsync(), Is.Empty);
        Assert.That(await ExistsAsync("lost"), Is.False);
    }

    [TestCase("-- autostack: lock_timeout=2s\nALTER TABLE busy ADD COLUMN extra int", "55P03")]
    [TestCase("-- autostack: no-transaction lock_timeout=2s\nCREATE INDEX CONCURRENTLY busy_id_idx ON busy (id)", "55P03")]
    public async Task A_migrator_with_a_set_role_sees_its_blockers(string script, string sqlState)
    {
        await ExecuteAsync($"CREATE TABLE busy (id int); ALTER TABLE busy OWNER TO {prefix}_owner");
        await using var holder = await HoldAsync("INSERT INTO busy VALUES (1)");
        var pid = await ScalarAsync<int>("SELECT pid FROM pg_locks WHERE relation = 'busy'::regclass");

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrate(script, new SchemaMigratorOptions { Attempts = 1 }))!;

        Assert.That(failure.Message, Does.Contain(sqlState).And.Contain($"Blocked by: pid {pid}, raw, role "));
    }

    [TestCase("SET ROLE {0}_migrator")]
    [TestCase("SET LOCAL ROLE {0}_migrator")]
    [TestCase("RESET ROLE")]
    [TestCase("RESET ROLE; SET ROLE NONE")]
    public async Task A_script_that_ends_as_another_role_is_recorded_by_the_migrator_s_own(string end)
    {
        await Migrate("CREATE TABLE made (); " + end.Replace("{0}", prefix, StringComparison.Ordinal));

        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
        Assert.That(await ListAsync("SELECT applied_by FROM schema_versions"), Is.EqualTo(new[] { $"{prefix}_owner" }));
    }

    [Test]
    public async Task A_role_without_create_rights_may_run_an_upgrade_without_pending_scripts()
    {
        await new SchemaMigrator(As("migrator")).UpgradeAsync(cancellationToken: Token);
        await RunRolesScriptAsync();

        var run = await ConsoleRun.StartAsync(["upgrade"], connection: As("app"), cancellationToken: Token);

        Assert.That((run.Code, run.Output), Is.EqualTo((0, $"Already at version {Head}, nothing to do.\n")), run.Error);
    }

    [TestCase("")]
    [TestCase("DO $$ BEGIN RAISE 'half-way'; END $$;")]
    public async Task The_script_of_the_roles_runs_in_psql_completely_or_not(string fault)
    {
        var script = await File.ReadAllTextAsync(Path.Combine(SourceRoot.Path, "scripts", "roles.sql"), Token);
        await ExecuteAsync("GRANT CREATE ON SCHEMA public TO PUBLIC");

        var (code, error) = await Psql.RunAsync(
            ConnectionString, $"SET autostack.role_prefix = '{prefix}';\n" +
                script.Replace("COMMIT;", fault + "COMMIT;", StringComparison.Ordinal), Token);

        Assert.That((code, error.Trim().Length == 0), Is.EqualTo(fault.Length == 0 ? (0, true) : (3, false)), error);
        Assert.That(await ScalarAsync<bool>("SELECT has_schema_privilege('public', 'public', 'CREATE')"), Is.EqualTo(fault.Length > 0));
    }

    private Task<MigrationResult> Migrate(
        string script, SchemaMigratorOptions? options = null, CancellationToken? cancellationToken = null) =>
        new SchemaMigrator(As("migrator"), options, Scripts(script)).UpgradeAsync(cancellationToken: cancellationToken ?? Token);

    private string As(string role) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Username = $"{prefix}_{role}", Password = Password }.ConnectionString;

    private async Task RunRolesScriptAsync()
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand(
            $"SET autostack.role_prefix = '{prefix}';" +
                await File.ReadAllTextAsync(Path.Combine(SourceRoot.Path, "scripts", "roles.sql"), Token), connection);
        await command.ExecuteNonQueryAsync(Token);
    }
}
