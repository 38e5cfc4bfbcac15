using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Access;

/// <summary>A database whose roles scripts/roles.sql makes, under names that no other run has.</summary>
internal sealed class RolesDatabase : IAsyncDisposable
{
    private const string Password = "of the test only";

    private readonly TestDatabase database;
    private readonly NpgsqlDataSource superuser;

    private RolesDatabase(TestDatabase database, string prefix)
    {
        this.database = database;
        Prefix = prefix;
        superuser = NpgsqlDataSource.Create(database.ConnectionString);
    }

    public string Prefix { get; }

    public string SuperuserConnectionString => database.ConnectionString;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    /// <summary>An empty database with the roles, before its first upgrade.</summary>
    public static async Task<RolesDatabase> CreateAsync(PostgresServer server, string? prefix = null)
    {
        var created = new RolesDatabase(await server.CreateEmptyDatabaseAsync(), prefix ?? NewPrefix());
        await created.RunScriptAsync();
        return created;
    }

    /// <summary>An empty database without roles.</summary>
    public static async Task<RolesDatabase> CreateBareAsync(PostgresServer server, string? prefix = null) =>
        new(await server.CreateEmptyDatabaseAsync(), prefix ?? NewPrefix());

    public static string NewPrefix() => "autostack_" + Guid.NewGuid().ToString("N")[..12];

    public async Task UpgradeAsync() => await new SchemaMigrator(As("migrator")).UpgradeAsync();

    /// <summary>The name of a role as SQL writes it.</summary>
    public string Role(string role) => "\"" + $"{Prefix}_{role}".Replace("\"", "\"\"", StringComparison.Ordinal) + "\"";

    public string As(string role) => new NpgsqlConnectionStringBuilder(database.ConnectionString)
    {
        Username = $"{Prefix}_{role}",
        Password = Password,
        Pooling = false,
    }.ConnectionString;

    public async Task RunScriptAsync(string settings = "")
    {
        var script = await File.ReadAllTextAsync(Path.Combine(SourceRoot.Path, "scripts", "roles.sql"), Token);
        await AsSuperuserAsync($"SET autostack.role_prefix = '{Prefix.Replace("'", "''", StringComparison.Ordinal)}'; {settings}" + script);
        foreach (var role in new[] { "migrator", "app", "readonly" })
        {
            await AsSuperuserAsync($"ALTER ROLE {Role(role)} PASSWORD '{Password}'");
        }
    }

    public async Task AsSuperuserAsync(string sql)
    {
        await using var command = superuser.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>The first column of a query that a superuser runs.</summary>
    public Task<List<string>> ListAsync(string sql) => ListAsync(superuser, sql);

    /// <summary>The first column of a query that a role runs.</summary>
    public async Task<List<string>> ListAsync(string role, string sql)
    {
        await using var source = NpgsqlDataSource.Create(As(role));
        return await ListAsync(source, sql);
    }

    /// <param name="role">The role that logs in.</param>
    /// <param name="sql">The statements.</param>
    /// <param name="options">
    /// What the client asks for when it connects, such as <c>-c name=value</c>: it wins over the settings of the role.
    /// </param>
    public async Task RunAsync(string role, string sql, string? options = null)
    {
        await using var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(As(role)) { Options = options }.ConnectionString);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>Runs each statement on one connection of a role.</summary>
    public async Task RunAllAsync(string role, IEnumerable<string> statements)
    {
        await using var connection = new NpgsqlConnection(As(role));
        await connection.OpenAsync(Token);
        foreach (var sql in statements)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            await command.ExecuteNonQueryAsync(Token);
        }
    }

    /// <summary>Fails unless the role lacks the right to run any of the statements; they run on one connection.</summary>
    public async Task DeniedAllAsync(string role, IEnumerable<string> statements)
    {
        await using var connection = new NpgsqlConnection(As(role));
        await connection.OpenAsync(Token);
        foreach (var sql in statements)
        {
            await using var command = new NpgsqlCommand(sql, connection);
            Assert.That(
                () => command.ExecuteNonQueryAsync(Token),
                Throws.InstanceOf<PostgresException>()
                    .With.Property(nameof(PostgresException.SqlState)).EqualTo(PostgresErrorCodes.InsufficientPrivilege),
                $"{role}: {sql}");
        }
    }

    /// <summary>Fails unless the role lacks the right to run a statement.</summary>
    public void Denied(string role, string sql, string? options = null) => Refused(
        role, sql, PostgresErrorCodes.InsufficientPrivilege, options);

    /// <summary>Fails unless the server refuses a statement with an error.</summary>
    public void Refused(string role, string sql, string sqlState, string? options = null) =>
        Assert.That(
            () => RunAsync(role, sql, options),
            Throws.InstanceOf<PostgresException>().With.Property(nameof(PostgresException.SqlState)).EqualTo(sqlState),
            $"{role}: {sql}");

    public async ValueTask DisposeAsync()
    {
        var settings = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Database = "postgres", Pooling = false };
        await superuser.DisposeAsync();
        await database.DisposeAsync();
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            $"DROP ROLE IF EXISTS {Role("migrator")}, {Role("app")}, {Role("readonly")}, {Role("tenant")}, {Role("owner")}", connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<List<string>> ListAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<string>();
        while (await reader.ReadAsync(Token))
        {
            rows.Add($"{reader.GetValue(0)}");
        }

        return rows;
    }
}
