using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Bench;

public sealed class BenchSchemaTests : MigrationTests
{
    private const string Tables = "c.relnamespace = 'SCHEMA'::regnamespace AND c.relname <> 'schema_versions'";

    // A check that the migrator adds NOT VALID is valid in an empty table; ids come from the extension or from PostgreSQL itself.
    private const string Objects = $"""
        SELECT replace(replace(o.text, 'uuid_generate_v4()', 'gen_random_uuid()'), ' NOT VALID', '')
        FROM (
            SELECT concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
            FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
            WHERE {Tables} AND c.relkind = 'r'
            UNION ALL
            SELECT concat_ws(' ', c.relname, o.conname, pg_get_constraintdef(o.oid))
            FROM pg_class c
            JOIN pg_constraint o ON o.conrelid = c.oid AND o.contype <> 'n'
            WHERE {Tables}
            UNION ALL
            SELECT pg_get_indexdef(i.indexrelid)
            FROM pg_class c
            JOIN pg_index i ON i.indrelid = c.oid
            WHERE {Tables}
            UNION ALL
            SELECT pg_get_triggerdef(t.oid)
            FROM pg_class c
            JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
            WHERE {Tables}
            UNION ALL
            SELECT pg_get_functiondef(p.oid)
            FROM pg_proc p
            WHERE p.pronamespace = 'SCHEMA'::regnamespace AND p.probin IS NULL
        ) AS o (text)
        """;

    private static readonly BenchScale Small = new() { Users = 1, DeploymentsWithLog = 1 };

    [Test]
    public async Task The_schema_has_the_objects_that_the_migrator_creates()
    {
        await Migrator().UpgradeAsync(cancellationToken: Token);
        await using var database = await ConnectAsync();
        await database.FillAsync(Small, Token);

        var created = await ListAsync(Objects.Replace("SCHEMA", database.Schema, StringComparison.Ordinal));
        var expected = await ListAsync(Objects.Replace("SCHEMA", "public", StringComparison.Ordinal));

        Assert.That(created.Select(text => text.Replace(database.Schema + ".", "", StringComparison.Ordinal)),
            Is.EquivalentTo(expected.Select(text => text.Replace("public.", "", StringComparison.Ordinal))).And.Not.Empty);
    }

    [Test]
    public async Task An_empty_database_gets_no_extension_and_nothing_outside_the_schema()
    {
        const string Outside = $"""
            SELECT 'extension ' || extname FROM pg_extension
            UNION ALL SELECT 'relation ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
            """;
        var before = await ListAsync(Outside);

        await using var database = await ConnectAsync();
        await database.FillAsync(Small, Token);

        Assert.That(await ListAsync(Outside), Is.EquivalentTo(before));
    }

    private Task<BenchDatabase> ConnectAsync() =>
        BenchDatabase.ConnectAsync(new MigrationServer(ConnectionString), ConnectionString, TimeSpan.Zero, new Recorder(), Token);
}
