using System.Text.RegularExpressions;
using AutoStack.Data.Migrations;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Access;

/// <summary>Functions that work with the rights of their owner, in a database whose PUBLIC has the rights of a new one.</summary>
public sealed partial class DefinerFunctionTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Everybody_may_call_those_alone_that_answer_who_somebody_is()
    {
        await using var database = await TestServer.Current.CreateDatabaseAsync();
        foreach (var feature in new[] { "log-partitions", "audit", "row-security", "signed-identity" })
        {
            await new SchemaMigrator(database.ConnectionString).UpgradeAsync(MigrationTarget.Head.In(feature), cancellationToken: Token);
        }

        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("""
            SELECT string_agg(p.oid::regprocedure::text, ', ')
            FROM pg_proc p
            CROSS JOIN aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            WHERE p.prosecdef AND a.grantee = 0
            """, connection);

        Assert.That(await command.ExecuteScalarAsync(Token), Is.EqualTo("row_security_user_id()"));
    }

    [TestCase(false, "permission denied for function")]
    [TestCase(true, "of no other table")]
    public async Task A_cast_of_a_stranger_s_type_does_not_run_with_the_rights_of_the_owner(bool mayExecute, string refusal)
    {
        await using var database = await TestServer.Current.CreateDatabaseAsync();
        var stranger = $"stranger_{Guid.NewGuid():N}";
        await using var owner = new NpgsqlConnection(database.ConnectionString);
        await owner.OpenAsync(Token);
        await RunAsync(owner, $"CREATE ROLE {stranger}");
        try
        {
            if (mayExecute)
            {
                await RunAsync(owner, $"GRANT EXECUTE ON FUNCTION assign_queue_place() TO {stranger}");
            }

            await RunAsync(owner, $"SET SESSION AUTHORIZATION {stranger}");
            Assert.That(
                () => RunAsync(owner, """
                    CREATE TYPE pg_temp.mine AS (x int);
                    CREATE FUNCTION pg_temp.read(pg_temp.mine) RETURNS uuid LANGUAGE plpgsql
                        AS $$ BEGIN RAISE 'it runs as %', current_user; END $$;
                    CREATE CAST (pg_temp.mine AS uuid) WITH FUNCTION pg_temp.read(pg_temp.mine) AS IMPLICIT;
                    CREATE TEMP TABLE t (status text, queue_place bigint, user_id pg_temp.mine, is_production boolean);
                    CREATE TRIGGER t BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION public.assign_queue_place();
                    INSERT INTO t VALUES ('queued', NULL, row(1)::pg_temp.mine, FALSE);
                    """),
                Throws.InstanceOf<PostgresException>().With.Message.Contains(refusal));
        }
        finally
        {
            await RunAsync(owner, $"RESET SESSION AUTHORIZATION; DROP OWNED BY {stranger}; DROP ROLE {stranger}");
        }
    }

    [Test]
    public async Task Functions_of_others_stay_theirs_whatever_their_names()
    {
        await using var adopted = await RolesDatabase.CreateBareAsync(TestServer.Current);
        var stranger = $"stranger_{Guid.NewGuid():N}";
        await adopted.AsSuperuserAsync($"CREATE ROLE {stranger}; GRANT CREATE ON SCHEMA public TO {stranger}");
        await new SchemaMigrator(adopted.SuperuserConnectionString).UpgradeAsync(cancellationToken: Token);
        await adopted.AsSuperuserAsync($"""
            CREATE FUNCTION shop_health_check() RETURNS text LANGUAGE sql AS $$ SELECT 'well' $$;
            SET SESSION AUTHORIZATION {stranger};
            CREATE FUNCTION my_health_check(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
                AS $$ BEGIN EXECUTE command; END $$;
            CREATE FUNCTION health_check_jobs(command text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
                AS $$ BEGIN EXECUTE command; END $$;
            RESET SESSION AUTHORIZATION;
            """);

        await adopted.RunScriptAsync();

        Assert.That(
            await adopted.ListAsync($"""
                SELECT p.proname || ' ' || (p.proowner = '{adopted.Role("owner").Trim('"')}'::regrole) || ' '
                    || has_function_privilege('{stranger}', p.oid, 'EXECUTE')
                FROM pg_proc p
                WHERE p.proname IN ('shop_health_check', 'my_health_check', 'health_check_jobs', 'assign_queue_place')
                ORDER BY p.proname
                """),
            Is.EqualTo(new[]
            {
                "assign_queue_place true false", "health_check_jobs false true", "my_health_check false true",
                "shop_health_check false true",
            }));
        await adopted.AsSuperuserAsync($"DROP OWNED BY {stranger}; DROP ROLE {stranger}");
    }

    [Test]
    public void The_script_of_the_roles_names_every_function()
    {
        var roles = File.ReadAllText(Path.Combine(SourceRoot.Path, "scripts", "roles.sql"));
        var start = roles.IndexOf("functions CONSTANT name[]", StringComparison.Ordinal);
        var named = Words().Matches(roles[start..roles.IndexOf("guarded CONSTANT", start, StringComparison.Ordinal)])
            .Select(match => match.Value).ToHashSet();
        var created = Directory.EnumerateFiles(Path.Combine(SourceRoot.Path, "scripts", "sql"), "*.sql", SearchOption.AllDirectories)
            .SelectMany(file => Created().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).Distinct().ToList();

        Assert.That(created, Has.Count.GreaterThan(40));
        Assert.That(created.Where(name => !named.Contains(name)), Is.Empty, "List each function in scripts/roles.sql.");
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    [GeneratedRegex("[a-z_]+")]
    private static partial Regex Words();

    [GeneratedRegex(@"CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) (?:public\.)?([a-z_]+)")]
    private static partial Regex Created();
}
