using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Journal;

/// <summary>A role that may create in <c>public</c> prepares the tables of the journal before the first upgrade.</summary>
public sealed class PreparedJournalTests : MigrationTests
{
    private string role = "";

    [SetUp]
    public async Task CreateRoleAsync()
    {
        role = $"planter_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO PUBLIC");
    }

    [TearDown]
    public async Task DropRoleAsync()
    {
        await ExecuteAsync($"DROP OWNED BY {role} CASCADE");
        await ExecuteAsync($"DROP ROLE {role}");
    }

    // The table is plain, but its owner could add a trigger during the run.
    [Test]
    public async Task A_plain_journal_of_another_role_is_refused_by_every_run_that_would_write_it()
    {
        await PlantAsync(VersionJournal.TableSql);
        var offline = SchemaMigrator.PlanOffline(up: true, MigrationTarget.Version(1)).ToPsqlScript();

        foreach (var run in WritingRuns())
        {
            var failure = Assert.ThrowsAsync<MigrationException>(() => run())!;
            Assert.That(failure.Error, Is.EqualTo(MigrationError.ForeignObjects));
            Assert.That(failure.Message, Does.StartWith($"public.schema_versions belongs to the role {role}").And.Contain("OWNER TO"));
        }

        var (code, error) = await Psql.RunAsync(ConnectionString, offline, Token);
        Assert.That((code, error.Contains("is not the migrator's own", StringComparison.Ordinal)), Is.EqualTo((3, true)), error);
        Assert.That(await ExistsAsync("users"), Is.False);
        Assert.That((await Migrator().ReadHistoryAsync(Token)).CurrentVersion, Is.Zero, "a reader runs no code of the owner");

        await ExecuteAsync("ALTER TABLE public.schema_versions OWNER TO CURRENT_USER");
        Assert.That((await Migrator().UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(Head));
    }

    [TestCase("ALTER DATABASE {1} OWNER TO {0}")]
    [TestCase("GRANT {0} TO CURRENT_USER")]
    [TestCase("ALTER ROLE {0} SUPERUSER")]
    [TestCase("GRANT CREATE ON SCHEMA public TO {0}")]
    public async Task A_journal_of_a_role_that_has_the_rights_of_the_session_is_used(string trust)
    {
        await PlantAsync(VersionJournal.TableSql);
        await ExecuteAsync(string.Format(null, trust, role, Database.Name));
        try
        {
            Assert.That((await Migrator().UpgradeAsync(MigrationTarget.Version(1), cancellationToken: Token)).ToVersion, Is.EqualTo(1));
        }
        finally
        {
            await ExecuteAsync($"ALTER DATABASE {Database.Name} OWNER TO CURRENT_USER; ALTER ROLE {role} NOSUPERUSER");
        }
    }

    [Test]
    public async Task A_prepared_table_of_the_changes_is_refused_before_anything_is_created()
    {
        await PlantAsync("CREATE TABLE public.schema_version_changes (id bigint PRIMARY KEY, name text)");

        foreach (var run in WritingRuns())
        {
            var failure = Assert.ThrowsAsync<MigrationException>(() => run())!;
            Assert.That(failure.Error, Is.EqualTo(MigrationError.ForeignObjects));
            Assert.That(failure.Message, Does.StartWith($"public.schema_version_changes belongs to the role {role}"));
        }

        Assert.That(await ExistsAsync("schema_versions"), Is.False);
    }

    [Test]
    public async Task A_table_of_the_changes_that_appears_during_a_run_is_not_written()
    {
        await PlantAsync("""
            CREATE SEQUENCE public.calls;
            CREATE FUNCTION public.act() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('public.calls'); RETURN NEW; END $$;
            """);
        var planted = new Recorder(reported =>
        {
            if (reported is MigrationPlanned)
            {
                PlantAsync("""
                    CREATE TABLE public.schema_version_changes (id bigint, changed_at timestamptz, changed_by text, kind text,
                        script_set text, version int, name text, old_row jsonb, new_row jsonb, reason text, tool_version text);
                    CREATE TRIGGER t BEFORE INSERT ON public.schema_version_changes FOR EACH ROW EXECUTE FUNCTION public.act();
                    """).GetAwaiter().GetResult();
            }
        });

        Assert.That(() => Migrator().StampAsync(MigrationTarget.Version(1), planted, Token), Throws.TypeOf<MigrationException>());

        Assert.That(await ScalarAsync<bool>("SELECT is_called FROM public.calls"), Is.False);
        Assert.That(await AppliedAsync(), Is.Empty);
    }

    // As after a look at the table: its owner has put a view in its place.
    [TestCase("CREATE VIEW public.schema_versions AS SELECT nextval('public.calls') AS version")]
    [TestCase("CREATE TABLE public.schema_versions (version public.odd)")]
    public async Task A_read_looks_at_the_table_that_it_has_locked(string plant)
    {
        await PlantAsync("CREATE SEQUENCE public.calls; CREATE DOMAIN public.odd AS bigint CHECK (nextval('public.calls') > 0)");
        await PlantAsync(plant);
        await using var connection = await Raw.OpenConnectionAsync(Token);

        var failure = Assert.ThrowsAsync<MigrationException>(() => PlainTable.ReadAsync(
            connection, VersionJournal.Table, "SELECT j.version FROM public.schema_versions j", row => row.GetInt64(0), Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.ForeignObjects));
        Assert.That(await ScalarAsync<bool>("SELECT is_called FROM public.calls"), Is.False);
    }

    [Test]
    public async Task A_read_leaves_the_settings_of_the_session()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Version(1), cancellationToken: Token);
        await using var connection = await Raw.OpenConnectionAsync(Token);
        foreach (var inTransaction in new[] { false, true })
        {
            await using var transaction = inTransaction ? await connection.BeginTransactionAsync(Token) : null;
            Assert.That(await VersionJournal.ReadAsync(connection, places: false, Token), Has.Count.EqualTo(1));
            await using var ask = new NpgsqlCommand(
                "SELECT concat_ws(' ', current_setting('search_path'), current_setting('lock_timeout'))", connection);
            Assert.That(await ask.ExecuteScalarAsync(Token), Is.EqualTo("public 0"));
        }
    }

    private IEnumerable<Func<Task>> WritingRuns() =>
    [
        () => Migrator().UpgradeAsync(cancellationToken: Token), () => Migrator().PlanUpgradeAsync(cancellationToken: Token),
        () => Migrator().RehearseUpgradeAsync(cancellationToken: Token),
        () => Migrator().DowngradeAsync(MigrationTarget.Base, cancellationToken: Token),
        () => Migrator().AdoptAsync(cancellationToken: Token), () => Migrator().PlanAdoptionAsync(cancellationToken: Token),
        () => Migrator().StampAsync(MigrationTarget.Version(1), cancellationToken: Token),
        () => Migrator().RepairJournalAsync(cancellationToken: Token),
        () => Migrator().PlanJournalRepairAsync(cancellationToken: Token),
    ];

    private Task PlantAsync(string sql) => ExecuteAsync($"SET SESSION AUTHORIZATION {role}; {sql}; RESET SESSION AUTHORIZATION");
}
