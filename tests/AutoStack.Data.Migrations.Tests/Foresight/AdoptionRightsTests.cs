using AutoStack.Data.Migrations.Tests.Adoption;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Foresight;

/// <summary>A real adoption looks for everything but rows before its first step.</summary>
public sealed class AdoptionRightsTests : AdoptionTestsBase
{
    [TestCase("ALTER TABLE sessions OWNER TO {0}", "", "Tables belong to another role")]
    [TestCase("GRANT {1} TO {0}", "CREATE TABLE deployment_leases ()", "The table deployment_leases")]
    public async Task What_would_stop_a_later_step_stops_the_first_one(string rights, string taken, string what)
    {
        await MakeAsync(CreateAll);
        var role = $"adopter_{Guid.NewGuid():N}";
        var owner = await ScalarAsync<string>("SELECT current_user::text");
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD '{role}'; GRANT CREATE ON SCHEMA public TO {role}; {taken}");
        try
        {
            await ExecuteAsync($"""
                DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO {role}', current_database()); END $$;
                {rights.Replace("{0}", role, StringComparison.Ordinal).Replace("{1}", owner, StringComparison.Ordinal)}
                """);
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = role }.ConnectionString;
            var before = await CatalogAsync();

            var failure = Assert.ThrowsAsync<MigrationException>(
                () => new SchemaMigrator(connection).AdoptAsync(cancellationToken: Token))!;

            Assert.That(failure.Error, Is.EqualTo(MigrationError.Obstacles), failure.Message);
            Assert.That(failure.Message,
                Does.StartWith("The adoption would stop:\n").And.Contain(what).And.EndWith("\nNothing was changed."));
            Assert.That(await CatalogAsync(), Is.EqualTo(before));
        }
        finally
        {
            await ExecuteAsync($"REASSIGN OWNED BY {role} TO {owner}; DROP OWNED BY {role} CASCADE; DROP ROLE {role}");
        }
    }
}
