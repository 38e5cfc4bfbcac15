using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Adoption;

/// <summary>
/// Every operation of the migrator, in a database in whose public schema a role without rights has planted whatever it can.
/// </summary>
public sealed class ShadowTests : AdoptionTestsBase
{
    private static readonly SchemaMigratorOptions Allowed = new() { AllowForeignObjects = true };

    private static IEnumerable<string> Sql =>
    [
        .. SchemaMigrator.Scripts.SelectMany(script => new[] { script.Up.Sql, script.Down.Sql }),
        .. AssemblyStrings.Of(typeof(SchemaMigrator).Assembly), .. AssemblyStrings.Of(typeof(AutoStackDb).Assembly),
    ];

    // The driver's query that loads types would call planted operators, too.
    protected override NpgsqlDataSource CreateRaw(string connectionString) =>
        new NpgsqlDataSourceBuilder(connectionString).ConfigureTypeLoading(types => types.EnableTypeLoading(false)).Build();

    // With public before pg_catalog on the path, even exact matches of PostgreSQL's own are shadowed.
    [TestCase("public")]
    [TestCase("public, pg_catalog")]
    public async Task Upgrade_check_and_downgrade_call_no_planted_object(string path)
    {
        await StartPlantedAsync();
        await ExecuteAsync($"ALTER DATABASE {Database.Name} SET search_path = {path}");
        var migrator = Migrator(Allowed);

        Assert.That((await migrator.PlanUpgradeAsync(cancellationToken: Token)).Scripts, Has.Count.EqualTo(Head));
        await migrator.RehearseUpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);
        await migrator.UpgradeAsync(cancellationToken: Token);
        Assert.That((await migrator.CheckAsync(Token)).Differences.Select(d => d.Message), Is.Empty);
        await AssertLinesAreNumberedAsync();
        await migrator.RehearseDowngradeAsync(MigrationTarget.Base, cancellationToken: Token);
        await migrator.DowngradeAsync(MigrationTarget.Base, cancellationToken: Token);
        await migrator.StampAsync(MigrationTarget.Version(1), cancellationToken: Token);
        await migrator.StampAsync(MigrationTarget.Base, cancellationToken: Token);

        Assert.That(await CalledAsync(), Is.False);
    }

    [TestCaseSource(nameof(Shapes))]
    public async Task An_adoption_calls_no_planted_object(string shape)
    {
        await StartPlantedAsync();

        // The services created their tables before anything was planted: meanwhile the planted schema has another name.
        await ExecuteAsync("ALTER SCHEMA public RENAME TO planted; CREATE SCHEMA public");
        await MakeAsync(shape);
        await ExecuteAsync(MoveToPlanted);

        await Migrator(Allowed).PlanAdoptionAsync(cancellationToken: Token);
        await Migrator(Allowed).AdoptAsync(cancellationToken: Token);

        await AssertLinesAreNumberedAsync();
        Assert.That(await CalledAsync(), Is.False);
        Assert.ThrowsAsync<PostgresException>(
            () => ExecuteAsync("SELECT FROM users u WHERE u.email = u.name"), "a careless statement is captured");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_psql_script_calls_no_planted_object(bool up)
    {
        await StartPlantedAsync();
        if (!up)
        {
            await Migrator(Allowed).UpgradeAsync(cancellationToken: Token);
        }

        var plan = up ? await Migrator(Allowed).PlanUpgradeAsync(cancellationToken: Token)
            : await Migrator(Allowed).PlanDowngradeAsync(MigrationTarget.Base, Token);

        Assert.That(await Psql.RunAsync(ConnectionString, plan.ToPsqlScript(), Token), Is.EqualTo((0, "")));
        Assert.That(await CalledAsync(), Is.False);
    }

    protected override async Task StartDocumentedAsync() =>
        await Migrator().UpgradeAsync(MigrationTarget.Version(Internal.AdoptionPlanner.DocumentedVersion), cancellationToken: Token);

    private const string MoveToPlanted = """
        DO $$
        DECLARE
            statement text;
        BEGIN
            FOR statement IN
                SELECT format('ALTER EXTENSION %I SET SCHEMA planted', extname) FROM pg_extension
                    WHERE extnamespace = 'public'::regnamespace
                UNION ALL
                SELECT format('ALTER TABLE public.%I SET SCHEMA planted', relname) FROM pg_class
                    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
            LOOP
                EXECUTE statement;
            END LOOP;
        END
        $$;
        DROP SCHEMA public;
        ALTER SCHEMA planted RENAME TO public;
        """;

    private Task StartPlantedAsync() => StartWithAsync("shadows", async template =>
    {
        await using var connection = new NpgsqlConnection(template);
        await connection.OpenAsync();
        Assert.That(await Shadows.PlantAsync(connection, Sql, CancellationToken.None), Is.GreaterThan(30_000));
    });

    // A plain insert, as another program sends it.
    private async Task AssertLinesAreNumberedAsync()
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand("""
            INSERT INTO public.users (id, name, email, created_at, updated_at)
                VALUES ('00000000-0000-7000-8000-000000000001', 'Ada', 'shadow@example.com', '2026-01-01', '2026-01-01');
            INSERT INTO public.projects (id, user_id, name, repository, created_at, updated_at)
            VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'site', 'ada/site', '2026-01-01',
                '2026-01-01');
            INSERT INTO public.deployments (id, project_id, user_id, created_at)
            VALUES ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001',
                '2026-01-01');
            INSERT INTO public.deployment_logs (deployment_id, message)
                VALUES ('00000000-0000-7000-8000-000000000003', 'a'), ('00000000-0000-7000-8000-000000000003', 'b');
            INSERT INTO public.deployment_runtime_logs (deployment_id, message) VALUES ('00000000-0000-7000-8000-000000000003', 'a');
            SELECT pg_catalog.max(l.seq) FROM public.deployment_logs l WHERE l.deployment_id = '00000000-0000-7000-8000-000000000003';
            """, connection);
        Assert.That(await command.ExecuteScalarAsync(Token), Is.EqualTo(2L));
    }

    private async Task<bool> CalledAsync()
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand("SELECT c.is_called FROM public.captured c", connection);
        return (bool)(await command.ExecuteScalarAsync(Token))!;
    }
}
