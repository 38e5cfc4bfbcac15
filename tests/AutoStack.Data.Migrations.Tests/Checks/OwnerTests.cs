namespace AutoStack.Data.Migrations.Tests.Checks;

/// <summary>Owners, and settings of roles, which need a role of the test.</summary>
public sealed class OwnerTests : SeededTests
{
    private readonly string role = "own_" + Guid.NewGuid().ToString("N")[..12];

    [SetUp]
    public async Task CreateRoleAsync()
    {
        await StartSeededAsync();
        await ExecuteAsync($"CREATE ROLE {role} LOGIN");
    }

    [TearDown]
    public Task DropRoleAsync() => ExecuteAsync($"DROP OWNED BY {role} CASCADE; DROP ROLE {role}");

    [TestCase("ALTER TABLE users OWNER TO {0}", "Table users belongs to role {0}, and most others to ")]
    [TestCase("ALTER TABLE schema_versions OWNER TO {0}", "Table schema_versions belongs to role {0}, and most others to ")]
    [TestCase("ALTER FUNCTION assign_queue_place() OWNER TO {0}", "Function assign_queue_place() belongs to role {0}, and most others to ")]
    public async Task Another_owner_is_reported_and_mended(string sql, string message)
    {
        await ExecuteAsync(string.Format(null, sql, role));

        var result = await Migrator().RepairSchemaAsync(cancellationToken: Token);

        Assert.That(result.Plan.Check.Differences.Single().Message, Does.StartWith(string.Format(null, message, role)));
        Assert.That(result.Plan.Check.Differences.Single().Kind, Is.EqualTo(SchemaObjectKind.Owner));
        Assert.That(result.Left.IsClean, Is.True);
    }

    [Test]
    public async Task An_owner_that_would_be_exempt_from_row_security_is_not_brought_back()
    {
        await ExecuteAsync($"ALTER TABLE users ENABLE ROW LEVEL SECURITY; ALTER TABLE users OWNER TO {role}");

        var result = await Migrator().RepairSchemaAsync(cancellationToken: Token);

        Assert.That(result.Applied, Is.Empty);
        Assert.That(result.Plan.LeftOut.Single().Statement.LosesSecurity, Is.True);
    }

    [TestCase("GRANT INSERT ON deployments TO {0}; ALTER ROLE {0} SET session_replication_role = replica", true)]
    [TestCase("GRANT INSERT ON deployments TO {0}; ALTER ROLE {0} SET search_path = nothing", true)]
    [TestCase("GRANT INSERT ON deployments TO {0}; ALTER ROLE {0} SET search_path = nothing, public", false)]
    [TestCase("GRANT INSERT ON deployments TO {0}; CREATE SCHEMA {0}; CREATE TABLE {0}.users (); " +
        "ALTER ROLE {0} SET search_path = \"$user\", public", true)]
    [TestCase("GRANT SELECT ON deployments TO {0}; ALTER ROLE {0} SET search_path = nothing", false)]
    public async Task Settings_of_roles_that_write_are_seen(string sql, bool drifted)
    {
        await ExecuteAsync(string.Format(null, sql, role));

        var check = await Migrator().CheckAsync(Token);

        Assert.That(check.HasDrifted, Is.EqualTo(drifted));
        Assert.That(check.Differences.Select(d => d.Kind), Is.All.EqualTo(SchemaObjectKind.Setting));
        Assert.That(check.Differences.Select(d => d.Name), Is.All.StartsWith($"role {role} "));
    }
}
