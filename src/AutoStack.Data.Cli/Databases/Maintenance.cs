using System.CommandLine;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli.Databases;

/// <summary>A session on another database of the server, from which a database can be created and dropped.</summary>
internal sealed class Maintenance : IAsyncDisposable
{
    private readonly NpgsqlConnection connection;

    private Maintenance(NpgsqlConnection connection, string database) => (this.connection, Database) = (connection, database);

    /// <summary>The database of the connection string.</summary>
    public string Database { get; }

    public int ServerMajor => connection.PostgreSqlVersion.Major;

    public static Option<string> Option() => new("--maintenance-database")
    {
        Description = "The existing database to connect to meanwhile.",
        HelpName = "NAME",
        DefaultValueFactory = _ => "postgres",
    };

    /// <exception cref="CliException">The connection string names no database, or the maintenance database itself.</exception>
    /// <exception cref="MigrationException">The server cannot be reached.</exception>
    public static async Task<Maintenance> ConnectAsync(
        Session session, ParseResult parsed, Option<string> through, CancellationToken cancellationToken)
    {
        var given = session.RequiredConnection(parsed);
        var settings = ConnectionText.Parse(given);
        var (database, maintenance) = (settings.Database, parsed.GetValue(through)!);
        if (string.IsNullOrEmpty(database))
        {
            throw Failure.Usage("The connection string names no database: its name is Database, or the path of a URI.");
        }

        if (database == maintenance || database is "postgres" or "template0" or "template1")
        {
            throw Failure.Usage($"The connection string names the database {Visible.Text(database)}, which belongs to the server or is the "
                + "one to connect to meanwhile: name the database to create or drop.");
        }

        if (maintenance.Contains("://", StringComparison.Ordinal) || maintenance.IndexOfAny(['=', '@']) >= 0)
        {
            throw Failure.Usage("--maintenance-database is the name of a database on the same server, and not a connection string.");
        }

        settings.Database = maintenance;
        var connection = await new MigrationServer(settings.ConnectionString, session.ShowsValues, session.AskPassword)
            .ConnectAsync(TimeSpan.FromSeconds(parsed.GetValue(session.Options.Wait)), session.Progress, cancellationToken)
            .ConfigureAwait(false);
        var server = new Maintenance(connection, database);
        await server.ExecuteAsync($"{SearchPath.Own}; {SessionLimits.Lift}", cancellationToken).ConfigureAwait(false);
        return server;
    }

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        // Copying a template and checkpoints take their time.
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The rows of a query about the database, whose name is the parameter.</summary>
    public async Task<IReadOnlyList<T>> ListAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = Database } } };
        return await command.ListAsync(read, cancellationToken).ConfigureAwait(false);
    }

    public static string Identifier(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A literal in a statement that takes no parameters.</summary>
    public static string Literal(string text) =>
        $"E'{text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
