using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Adoption;

/// <summary>Everything that the migrator does, in a database in whose public schema all is planted that a role without rights can plant there.</summary>
public sealed class ShadowTests : AdoptionTestsBase
{
    private static readonly SchemaMigratorOptions Allowed = new() { AllowForeignObjects = true };

    private static IEnumerable<string> Sql =>
    [
        .. SchemaMigrator.Scripts.SelectMany(script => new[] { script.Up.Sql, script.Down.Sql }),
        .. AssemblyStrings.Of(typeof(SchemaMigrator).Assembly), .. AssemblyStrings.Of(typeof(AutoStackDb).Assembly),
    ];

    // A path may name public before pg_catalog: then even an exact match of PostgreSQL's own is shadowed.
    [TestCase("public")]
    [TestCase("public, pg_catalog")]
    public async Task Nothing_planted_is_called_by_upgrade_check_and_downgrade(string path)
    {
        await ExecuteAsync($"ALTER DATABASE {Database.Name} SET search_path = {path}");
        await PlantAsync();
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
    public async Task Nothing_planted_is_called_by_an_adoption(string shape)
    {
        await MakeAsync(shape);
        await PlantAsync();

        await Migrator(Allowed).PlanAdoptionAsync(cancellationToken: Token);
        await Migrator(Allowed).AdoptAsync(cancellationToken: Token);

        await AssertLinesAreNumberedAsync();
        Assert.That(await CalledAsync(), Is.False);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Nothing_planted_is_called_by_a_script_for_psql(bool up)
    {
        if (!up)
        {
            await Migrator().UpgradeAsync(cancellationToken: Token);
        }

        await PlantAsync();
        var plan = up ? await Migrator(Allowed).PlanUpgradeAsync(cancellationToken: Token) : await Migrator(Allowed).PlanDowngradeAsync(MigrationTarget.Base, Token);

        Assert.That(await Psql.RunAsync(ConnectionString, plan.ToPsqlScript(), Token), Is.EqualTo((0, "")));
        Assert.That(await CalledAsync(), Is.False);
    }

    private async Task PlantAsync()
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        Assert.That(await Shadows.PlantAsync(connection, Sql, Token), Is.GreaterThan(30_000));
    }

    // A plain insert, as other programs make it: its own casts are theirs.
    private async Task AssertLinesAreNumberedAsync()
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand("""
            INSERT INTO public.users (id, name, email, created_at, updated_at) VALUES ('00000000-0000-7000-8000-000000000001', 'Ada', 'shadow@example.com', '2026-01-01', '2026-01-01');
            INSERT INTO public.projects (id, user_id, name, repository, created_at, updated_at)
            VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'site', 'ada/site', '2026-01-01', '2026-01-01');
            INSERT INTO public.deployments (id, project_id, user_id, created_at)
            VALUES ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', '2026-01-01');
            INSERT INTO public.deployment_logs (deployment_id, message) VALUES ('00000000-0000-7000-8000-000000000003', 'a'), ('00000000-0000-7000-8000-000000000003', 'b');
            INSERT INTO public.deployment_runtime_logs (deployment_id, message) VALUES ('00000000-0000-7000-8000-000000000003', 'a');
            SELECT pg_catalog.max(l.seq) FROM public.deployment_logs l WHERE l.deployment_id = '00000000-0000-7000-8000-000000000003';
            """, connection);
        Assert.That(await command.ExecuteScalarAsync(Token), Is.EqualTo(2L));
    }

    private async Task<bool> CalledAsync()
    {
        await using var connection = await OpenAsync();
        await using var command = new NpgsqlCommand("SELECT c.is_called FROM public.captured c", connection);
        return (bool)(await command.ExecuteScalarAsync(Token))!;
    }

    // The driver's own query for types is a victim, too.
    private async Task<NpgsqlConnection> OpenAsync() => await new Internal.MigrationServer(ConnectionString).ConnectAsync(TimeSpan.Zero, null, Token);
}
