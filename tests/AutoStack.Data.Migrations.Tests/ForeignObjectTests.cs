using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class ForeignObjectTests : MigrationTests
{
    private string role = "";

    [SetUp]
    public async Task OpenSchemaAsync()
    {
        role = $"planter_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}");
    }

    [TearDown]
    public async Task DropRoleAsync()
    {
        await ExecuteAsync($"DROP OWNED BY {role} CASCADE");
        await ExecuteAsync($"DROP ROLE {role}");
    }

    [TestCase("CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'",
        "function public.lower(character varying)", "DROP FUNCTION public.lower(character varying)")]
    [TestCase("CREATE FUNCTION public.btrim(a varchar, b text DEFAULT '') RETURNS text LANGUAGE sql AS 'SELECT a'",
        "function public.btrim(character varying,text)", "DROP FUNCTION public.btrim(character varying,text)")]
    [TestCase("CREATE FUNCTION public.uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'",
        "function public.uuid_generate_v4()", "DROP FUNCTION public.uuid_generate_v4()")]
    [TestCase("CREATE AGGREGATE public.max(varchar) (SFUNC = pg_catalog.text_larger, STYPE = text)",
        "aggregate public.max(character varying)", "DROP ROUTINE public.max(character varying)")]
    [TestCase("CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = text, FUNCTION = public.same)",
        "operator public.=(character varying,text)", "DROP OPERATOR public.=(character varying,text)")]
    [TestCase("CREATE OPERATOR public.@ (RIGHTARG = varchar, FUNCTION = public.odd)",
        "operator public.@(NONE,character varying)", "DROP OPERATOR public.@(NONE,character varying)")]
    public async Task A_foreign_object_is_refused_with_the_statement_that_drops_it(string plant, string name, string statement)
    {
        await PlantAsync("CREATE FUNCTION public.odd(varchar) RETURNS int LANGUAGE sql AS 'SELECT 1'");
        await PlantAsync("CREATE FUNCTION public.same(varchar, text) RETURNS bool LANGUAGE sql AS 'SELECT true'");
        await PlantAsync(plant);

        foreach (var run in new Func<Task>[]
        {
            () => Migrator().UpgradeAsync(cancellationToken: Token), () => Migrator().PlanUpgradeAsync(cancellationToken: Token),
            () => Migrator().RehearseUpgradeAsync(cancellationToken: Token),
            () => Migrator().DowngradeAsync(MigrationTarget.Base, cancellationToken: Token),
            () => Migrator().AdoptAsync(cancellationToken: Token), () => Migrator().PlanAdoptionAsync(cancellationToken: Token),
        })
        {
            var failure = Assert.ThrowsAsync<MigrationException>(() => run())!;
            Assert.That(failure.Error, Is.EqualTo(MigrationError.ForeignObjects));
            Assert.That(failure.Message, Does.Contain(statement + ";").And.Contain(role));
        }

        Assert.That(await ListAsync("SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"), Is.Empty);
        var drift = await Migrator().CheckAsync(Token);
        Assert.That(drift.ForeignObjects, Is.EqualTo(new[] { new ForeignObject(name, role, statement) }));
        await ExecuteAsync(statement);
        await Migrator().UpgradeAsync(cancellationToken: Token);
        Assert.That((await Migrator().CheckAsync(Token)).ForeignObjects, Is.Empty);
    }

    // A role that may create no more than a temporary table would otherwise stop every run.
    [TestCase("pg_temp.e", "uuid")]
    [TestCase("uuid", "pg_temp.e")]
    [TestCase("public.e", "varchar")]
    public async Task A_cast_of_another_roles_type_that_no_column_has_stops_no_run(string from, string to)
    {
        var type = from.EndsWith(".e", StringComparison.Ordinal) ? from : to;
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var plant = new NpgsqlCommand($"""
            SET SESSION AUTHORIZATION {role};
            CREATE TYPE {type} AS ENUM ('x');
            CREATE FUNCTION pg_temp.f({from}) RETURNS {to} LANGUAGE sql AS 'SELECT NULL::{to}';
            CREATE CAST ({from} AS {to}) WITH FUNCTION pg_temp.f({from}) AS IMPLICIT;
            RESET SESSION AUTHORIZATION
            """, connection);
        await plant.ExecuteNonQueryAsync(Token);

        var plan = await Migrator().PlanUpgradeAsync(cancellationToken: Token);
        var check = await Migrator().CheckAsync(Token);

        Assert.That((plan.Scripts.Count, check.ForeignObjects.Count), Is.EqualTo((Head, 0)));
    }

    [TestCase("public.mood")]
    [TestCase("public.mood[]")]
    [TestCase("public.feeling")]
    public async Task A_foreign_cast_of_a_type_that_a_column_has_is_reported(string type)
    {
        await PlantAsync("""
            CREATE TYPE public.mood AS ENUM ('glad');
            CREATE FUNCTION public.to_mood(varchar) RETURNS public.mood LANGUAGE sql AS $$ SELECT 'glad'::public.mood $$;
            CREATE CAST (varchar AS public.mood) WITH FUNCTION public.to_mood(varchar) AS IMPLICIT;
            """);
        await ExecuteAsync($"CREATE DOMAIN public.feeling AS public.mood; CREATE TABLE public.users (mood {type})");

        var found = (await Migrator().CheckAsync(Token)).ForeignObjects;

        Assert.That(found.Select(o => o.Statement), Is.EqualTo(new[] { "DROP CAST (character varying AS public.mood)" }));
        await ExecuteAsync(found[0].Statement);
    }

    [TestCase("CREATE FUNCTION public.lowest(varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'")]
    [TestCase("CREATE OPERATOR public.=== (LEFTARG = varchar, RIGHTARG = text, FUNCTION = public.same)")]
    [TestCase("CREATE TYPE public.mood AS ENUM ('glad'); CREATE CAST (varchar AS public.mood) WITH INOUT AS IMPLICIT")]
    public async Task An_object_without_a_name_of_PostgreSQL_is_not_refused(string plant)
    {
        await PlantAsync("CREATE FUNCTION public.same(varchar, text) RETURNS bool LANGUAGE sql AS 'SELECT true'");
        await PlantAsync(plant);

        await Migrator().UpgradeAsync(cancellationToken: Token);
        Assert.That((await Migrator().CheckAsync(Token)).ForeignObjects, Is.Empty);
    }

    [Test]
    public async Task Objects_of_the_own_roles_and_the_database_owner_are_trusted()
    {
        await PlantAsync("CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'");
        await ExecuteAsync($"ALTER DATABASE {Database.Name} OWNER TO {role}");
        Assert.That((await Migrator().CheckAsync(Token)).ForeignObjects, Is.Empty);

        await ExecuteAsync($"ALTER DATABASE {Database.Name} OWNER TO CURRENT_USER; GRANT {role} TO CURRENT_USER");
        Assert.That((await Migrator().CheckAsync(Token)).ForeignObjects, Is.Empty);

        await ExecuteAsync($"REVOKE {role} FROM CURRENT_USER; ALTER FUNCTION public.lower(varchar) OWNER TO CURRENT_USER");
        Assert.That((await Migrator().CheckAsync(Token)).ForeignObjects, Is.Empty);
    }

    [Test]
    public async Task An_object_in_another_schema_of_the_roles_path_is_found()
    {
        await ExecuteAsync($"CREATE SCHEMA extensions; GRANT ALL ON SCHEMA extensions TO {role}; ALTER DATABASE {Database.Name} SET " +
            $"search_path = extensions, public, pg_catalog");
        await PlantAsync("CREATE FUNCTION extensions.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'");

        Assert.That((await Migrator().CheckAsync(Token)).ForeignObjects.Select(o => o.Name),
            Is.EqualTo(new[] { "function extensions.lower(character varying)" }));
    }

    [Test]
    public async Task An_open_schema_is_a_warning_with_a_repair_statement()
    {
        await ExecuteAsync("GRANT CREATE ON SCHEMA public TO PUBLIC");
        var expected = new OpenSchema("public", "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        var recorder = new Recorder();

        var human = await ConsoleRun.StartAsync(["upgrade", "--dry-run"], connection: ConnectionString, cancellationToken: Token);
        var json = await ConsoleRun.StartAsync(["upgrade", "--json"], connection: ConnectionString, cancellationToken: Token);
        await Migrator().DowngradeAsync(MigrationTarget.Version(2), recorder, Token);

        Assert.That((human.Code, json.Code), Is.EqualTo((0, 0)));
        Assert.That(human.Error, Does.Contain(expected.Statement + ";"));
        Assert.That(json.Json.GetProperty("openSchemas")[0].GetProperty("statement").GetString(), Is.EqualTo(expected.Statement));
        Assert.That(recorder.Events.OfType<SchemaIsOpen>().Single().Open, Is.EqualTo(expected));
        await Migrator().UpgradeAsync(cancellationToken: Token);
        Assert.That((await Migrator().CheckAsync(Token)).OpenSchemas, Is.EqualTo(new[] { expected }));
        var check = await ConsoleRun.StartAsync(["check"], connection: ConnectionString, cancellationToken: Token);
        Assert.That((check.Code, check.Output.Contains(expected.Statement + ";", StringComparison.Ordinal)), Is.EqualTo((0, true)));

        await ExecuteAsync(expected.Statement);
        Assert.That((await Migrator().CheckAsync(Token)).OpenSchemas, Is.Empty);
    }

    [Test]
    public async Task The_console_refuses_unless_foreign_objects_are_allowed()
    {
        await PlantAsync("CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'");

        var refused = await ConsoleRun.StartAsync(["upgrade", "--json"], connection: ConnectionString, cancellationToken: Token);
        var allowed = await ConsoleRun.StartAsync(
            ["upgrade", "--allow-foreign-objects"], connection: ConnectionString, cancellationToken: Token);
        var check = await ConsoleRun.StartAsync(["check"], connection: ConnectionString, cancellationToken: Token);
        var json = await ConsoleRun.StartAsync(["check", "--json"], connection: ConnectionString, cancellationToken: Token);
        var known = await ConsoleRun.StartAsync(
            ["check", "--allow-foreign-objects"], connection: ConnectionString, cancellationToken: Token);

        Assert.That((refused.Code, allowed.Code, check.Code, json.Code, known.Code), Is.EqualTo((1, 0, 4, 4, 0)));
        Assert.That(refused.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("foreignObjects"));
        Assert.That(check.Output, Does.Contain("  DROP FUNCTION public.lower(character varying);"));
        Assert.That(json.Json.GetProperty("foreignObjects")[0].GetProperty("owner").GetString(), Is.EqualTo(role));
    }

    [TestCase("CREATE TRIGGER t BEFORE INSERT ON public.schema_versions FOR EACH ROW EXECUTE FUNCTION public.act()")]
    [TestCase("CREATE RULE r AS ON INSERT TO public.schema_versions DO ALSO SELECT public.act_now()")]
    [TestCase("ALTER TABLE public.schema_versions ALTER COLUMN name SET DEFAULT public.act_now()::text")]
    [TestCase("ALTER TABLE public.schema_versions ADD CHECK (public.act_now() IS NOT NULL)")]
    [TestCase("CREATE INDEX ON public.schema_versions (public.act_now(version))")]
    [TestCase("CREATE DOMAIN public.word AS text CHECK (public.act_now() IS NOT NULL); " +
        "ALTER TABLE public.schema_versions ALTER COLUMN applied_by TYPE public.word")]
    [TestCase("CREATE TYPE public.mood AS ENUM ('glad'); ALTER TABLE public.schema_versions ADD COLUMN mood public.mood")]
    [TestCase("CREATE TABLE public.names (name text PRIMARY KEY); " +
        "ALTER TABLE public.schema_versions ADD FOREIGN KEY (name) REFERENCES public.names")]
    [TestCase("ALTER TABLE public.schema_versions ADD EXCLUDE USING btree (name WITH =)")]
    [TestCase("ALTER TABLE public.schema_versions ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON public.schema_versions USING " +
        "(public.act_now() IS NOT NULL)")]
    public async Task A_journal_that_would_run_code_is_refused(string plant)
    {
        await PlantAsync("""
            CREATE SEQUENCE public.calls;
            CREATE FUNCTION public.act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.calls'); RETURN NEW; END $$;
            CREATE FUNCTION public.act_now(int DEFAULT 0) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$ SELECT 1::bigint $$;
            CREATE TABLE public.schema_versions (version int PRIMARY KEY, name text, checksum text, applied_at timestamptz,
                duration_ms bigint, applied_by text, tool_version text);
            """);
        await PlantAsync(plant);

        foreach (var run in new Func<Task>[]
        {
            () => Migrator().UpgradeAsync(cancellationToken: Token), () => Migrator().CheckAsync(Token),
            () => Migrator().ReadHistoryAsync(Token),
            () => Migrator().StampAsync(MigrationTarget.Version(1), cancellationToken: Token),
            () => Migrator().AdoptAsync(cancellationToken: Token),
        })
        {
            Assert.That(Assert.ThrowsAsync<MigrationException>(() => run())!.Error, Is.EqualTo(MigrationError.ForeignObjects));
        }

        Assert.That(await ScalarAsync<bool>("SELECT is_called FROM public.calls"), Is.False);
    }

    [Test]
    public async Task A_function_in_place_of_the_extensions_is_not_used_as_default()
    {
        await ExecuteAsync("CREATE SCHEMA extensions; CREATE EXTENSION \"uuid-ossp\" SCHEMA extensions");
        await ExecuteAsync($"ALTER DATABASE {Database.Name} SET search_path = public, extensions");
        await PlantAsync("CREATE FUNCTION public.uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'");

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(new SchemaMigratorOptions { AllowForeignObjects = true }).UpgradeAsync(cancellationToken: Token))!;

        Assert.That(failure.Message, Does.Contain("uuid_generate_v4()").And.Contain(PostgresErrorCodes.DuplicateFunction));
    }

    private Task PlantAsync(string sql) => ExecuteAsync($"SET SESSION AUTHORIZATION {role}; {sql}; RESET SESSION AUTHORIZATION");
}
