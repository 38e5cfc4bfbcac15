using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

public sealed class DumpTests : MigrationTests
{
    // Every kind of object, for which the schema of this package has no example.
    private static readonly string[] Kinds =
    [
        "CREATE SCHEMA sales",
        "CREATE TYPE sales.mood AS ENUM ('sad', 'it''s fine')",
        "CREATE DOMAIN sales.percent AS integer DEFAULT 0 CONSTRAINT percent_range CHECK (VALUE BETWEEN 0 AND 100)",
        "CREATE TYPE sales.address AS (street text, city text COLLATE \"C\")",
        "CREATE TYPE sales.span AS RANGE (SUBTYPE = float8)",
        "CREATE SEQUENCE sales.numbers START 5 INCREMENT 2 CYCLE MAXVALUE 99",
        "CREATE TABLE sales.\"Odd Name\" (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, x int GENERATED ALWAYS AS (2 * 3) STORED)",
        "CREATE UNLOGGED TABLE sales.cache (key text NOT NULL, value jsonb) WITH (fillfactor = 70)",
        "CREATE TABLE sales.events (at date NOT NULL, what text) PARTITION BY RANGE (at)",
        "CREATE TABLE sales.events_2026 PARTITION OF sales.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
        "CREATE TABLE sales.parents (name text); CREATE TABLE sales.children (age integer) INHERITS (sales.parents)",
        "CREATE TABLE sales.orders (id int PRIMARY KEY, parent int CONSTRAINT orders_parent REFERENCES sales.orders (id) DEFERRABLE)",
        "CREATE INDEX orders_parent_idx ON sales.orders (parent DESC) WHERE parent > 0",
        "CREATE INDEX events_at ON sales.events (at)",
        "CREATE VIEW sales.recent WITH (security_barrier = true) AS SELECT at, what FROM sales.events WHERE what <> ';'",
        "CREATE MATERIALIZED VIEW sales.totals AS SELECT count(*) AS number FROM sales.events",
        "CREATE UNIQUE INDEX totals_number ON sales.totals (number)",
        "CREATE FUNCTION sales.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "CREATE AGGREGATE sales.longest (text) (SFUNC = textcat, STYPE = text, INITCOND = '')",
        "CREATE TRIGGER touched BEFORE INSERT ON sales.orders FOR EACH ROW EXECUTE FUNCTION sales.touch()",
        "ALTER TABLE sales.orders DISABLE TRIGGER touched",
        "CREATE RULE ignored AS ON DELETE TO sales.orders DO INSTEAD NOTHING",
        "ALTER TABLE sales.orders ENABLE ROW LEVEL SECURITY; ALTER TABLE sales.orders FORCE ROW LEVEL SECURITY",
        "CREATE POLICY mine ON sales.orders AS RESTRICTIVE FOR UPDATE TO PUBLIC USING (id > 0) WITH CHECK (id > 1)",
        "CREATE STATISTICS sales.pairs ON id, parent FROM sales.orders",
        "COMMENT ON COLUMN sales.orders.parent IS 'the order before; it''s optional'",
        "COMMENT ON CONSTRAINT orders_parent ON sales.orders IS 'to itself'",
        "ALTER TABLE sales.cache REPLICA IDENTITY FULL",
        "CREATE FUNCTION sales.alike(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) = lower($2)'",
        "CREATE FUNCTION sales.unlike(text, text) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT lower($1) <> lower($2)'",
        "CREATE OPERATOR sales.=~ (FUNCTION = sales.alike, LEFTARG = text, RIGHTARG = text, COMMUTATOR = OPERATOR(sales.=~), " +
            "NEGATOR = OPERATOR(sales.<~>), RESTRICT = eqsel, JOIN = eqjoinsel, MERGES)",
        "CREATE OPERATOR sales.<~> (FUNCTION = sales.unlike, LEFTARG = text, RIGHTARG = text, NEGATOR = OPERATOR(sales.=~))",
        "CREATE FUNCTION sales.street(sales.address) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT ($1).street'",
        "CREATE CAST (sales.address AS text) WITH FUNCTION sales.street(sales.address) AS ASSIGNMENT",
        "CREATE CAST (sales.mood AS text) WITH INOUT AS IMPLICIT",
        "CREATE TEXT SEARCH DICTIONARY sales.plain (TEMPLATE = simple, stopwords = 'english')",
        "CREATE TEXT SEARCH CONFIGURATION sales.words (PARSER = \"default\"); " +
            "ALTER TEXT SEARCH CONFIGURATION sales.words ADD MAPPING FOR asciiword, word WITH sales.plain, english_stem",
        "ALTER TABLE sales.cache ALTER key SET STATISTICS 500, ALTER value SET STORAGE EXTERNAL, ALTER value SET COMPRESSION pglz, " +
            "ALTER key SET (n_distinct = 42)",
        "CREATE INDEX orders_sum ON sales.orders ((id + parent)); ALTER INDEX sales.orders_sum ALTER COLUMN 1 SET STATISTICS 300",
        "ALTER STATISTICS sales.pairs SET STATISTICS 77",
    ];

    [Test]
    public async Task Two_dumps_of_a_schema_are_equal_and_a_restored_one_has_the_same_dump()
    {
        await Migrator().UpgradeAsync(cancellationToken: Token);
        foreach (var statement in Kinds)
        {
            await ExecuteAsync(statement);
        }

        var (first, second) = (await DumpAsync(), await DumpAsync());
        Assert.That(second, Is.EqualTo(first));
        Assert.That(first, Does.Not.Contain('\r').And.Contain("it''s fine").And.Contain("DISABLE TRIGGER"));
        foreach (var word in new[]
        {
            "mood", "percent", "address", "span", "numbers", "Odd Name", "cache", "events_2026", "children", "recent", "totals", "touch()",
            "longest", "touched", "ignored", "FORCE ROW LEVEL", "mine", "pairs", "it''s optional", "to itself",
            "CREATE OPERATOR sales.=~ (FUNCTION = sales.alike, LEFTARG = text, RIGHTARG = text, COMMUTATOR = OPERATOR(sales.=~), "
                + "NEGATOR = OPERATOR(sales.<~>), RESTRICT = eqsel, JOIN = eqjoinsel, MERGES);",
            "CREATE CAST (sales.address AS text) WITH FUNCTION sales.street(sales.address) AS ASSIGNMENT;",
            "CREATE CAST (sales.mood AS text) WITH INOUT AS IMPLICIT;",
            "CREATE TEXT SEARCH DICTIONARY sales.plain (TEMPLATE = pg_catalog.simple, stopwords = 'english');",
            "CREATE TEXT SEARCH CONFIGURATION sales.words (PARSER = pg_catalog.\"default\");",
            "ADD MAPPING FOR asciiword WITH sales.plain, english_stem;",
            "ALTER COLUMN key SET STATISTICS 500;", "ALTER COLUMN value SET STORAGE EXTERNAL;", "ALTER COLUMN value SET COMPRESSION pglz;",
            "ALTER COLUMN key SET (n_distinct=42);", "ALTER INDEX sales.orders_sum ALTER COLUMN 1 SET STATISTICS 300;",
            "ALTER STATISTICS sales.pairs SET STATISTICS 77;",
        })
        {
            Assert.That(first, Does.Contain(word));
        }

        await RestartAsync();
        await ExecuteAsync(first);
        Assert.That(await DumpAsync(), Is.EqualTo(first));
    }

    [Test]
    public async Task The_order_in_which_objects_were_created_makes_no_difference()
    {
        string[] ways = ["CREATE TABLE b (x integer)", "CREATE TABLE a (x integer)", "CREATE INDEX z ON a (x)", "CREATE INDEX y ON a (x)"];
        foreach (var statement in ways)
        {
            await ExecuteAsync(statement);
        }

        var one = await DumpAsync();
        await RestartAsync();
        foreach (var statement in new[] { ways[1], ways[3], ways[2], ways[0] })
        {
            await ExecuteAsync(statement);
        }

        Assert.That(await DumpAsync(), Is.EqualTo(one));
        Assert.That(one, Does.Match("(?s)TABLE public.a.*TABLE public.b.*INDEX y.*INDEX z"));
    }

    [Test]
    public async Task A_difference_of_two_schemas_is_a_difference_of_their_dumps()
    {
        await ExecuteAsync("CREATE TABLE a (x integer)");
        var before = await DumpAsync();
        await ExecuteAsync("ALTER TABLE a ADD y text NOT NULL DEFAULT 'new'");

        var after = await DumpAsync();

        Assert.That(after.Split('\n').Except(before.Split('\n')),
            Is.EqualTo(new[] { "    x integer,", "    y text DEFAULT 'new'::text NOT NULL" }));
    }

    // A statement would need the name of the trigger, which has a number of the database.
    [Test]
    public async Task Disabled_triggers_of_a_constraint_are_a_comment()
    {
        await ExecuteAsync("""
            CREATE TABLE a (id int PRIMARY KEY);
            CREATE TABLE b (id int CONSTRAINT b_key UNIQUE DEFERRABLE, a int CONSTRAINT b_a REFERENCES a);
            """);
        var before = await DumpAsync();
        await ExecuteAsync("ALTER TABLE b DISABLE TRIGGER ALL");

        var after = await DumpAsync();

        Assert.That(after.Split('\n').Except(before.Split('\n')), Is.EqualTo(new[]
        {
            "    CONSTRAINT b_key UNIQUE (id) DEFERRABLE /* triggers disabled */",
            "ALTER TABLE public.b ADD CONSTRAINT b_a FOREIGN KEY (a) REFERENCES public.a(id) /* triggers disabled */;",
        }));
    }

    [Test]
    public async Task Settings_of_the_role_and_rows_do_not_change_the_dump()
    {
        await ExecuteAsync("CREATE TABLE a (at timestamptz DEFAULT '2026-01-02 03:04:05+00', long interval DEFAULT '1 day 2 hours')");
        var before = await DumpAsync();
        await ExecuteAsync($"""
            INSERT INTO a DEFAULT VALUES;
            ALTER DATABASE "{Database.Name}" SET timezone = 'Asia/Kolkata';
            ALTER DATABASE "{Database.Name}" SET datestyle = 'German';
            ALTER DATABASE "{Database.Name}" SET intervalstyle = 'iso_8601';
            ALTER DATABASE "{Database.Name}" SET quote_all_identifiers = on;
            ALTER DATABASE "{Database.Name}" SET search_path = public
            """);

        Assert.That(await DumpAsync(), Is.EqualTo(before));
    }

    [Test]
    public async Task A_file_gets_the_dump_and_the_output_its_name()
    {
        using var place = new Workplace();
        await ExecuteAsync("CREATE TABLE a (x integer)");

        var run = await ConsoleRun.StartAsync(["dump", "--output", "schema.sql"], place.Root, ConnectionString, cancellationToken: Token);
        var json = await ConsoleRun.StartAsync(["dump", "--json"], place.Root, ConnectionString, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Output.TrimEnd(), Does.EndWith(" in schema.sql."));
            Assert.That(await File.ReadAllTextAsync(Path.Combine(place.Root, "schema.sql"), Token), Is.EqualTo(await DumpAsync()));
            Assert.That(json.Json.GetProperty("sql").GetString(), Is.EqualTo(await DumpAsync()));
        }
    }

    [Test]
    public async Task A_file_that_cannot_be_written_is_an_error()
    {
        using var place = new Workplace();

        var run = await ConsoleRun.StartAsync(["dump", "-o", "no/such/folder.sql"], place.Root, ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("--output: no/such/folder.sql"));
    }

    private async Task<string> DumpAsync()
    {
        var run = await ConsoleRun.StartAsync(["dump"], connection: ConnectionString, cancellationToken: Token);
        Assert.That(run.Code, Is.Zero, run.Error);
        return run.Output;
    }
}
