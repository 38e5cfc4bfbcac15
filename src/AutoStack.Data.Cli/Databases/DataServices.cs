using System.CommandLine;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Microsoft.Extensions.Logging.Abstractions;

namespace AutoStack.Data.Cli.Databases;

/// <summary>The library's services over the connection of the console, for the verbs that call the library.</summary>
internal sealed class DataServices : IAsyncDisposable
{
    // A verb has one statement under way, or a statement and the renewal of a lease.
    private const int Connections = 4;

    private readonly Database database;

    private DataServices(Database database, string where) => (this.database, Where) = (database, where);

    /// <summary>The server and database, for people.</summary>
    public string Where { get; }

    /// <summary>Connects once, so that a wrong connection or password is reported as by every other verb, then opens a pool.</summary>
    /// <param name="session">The run.</param>
    /// <param name="parsed">Its arguments.</param>
    /// <param name="configure">Sets further options of the library, for example the keys of secrets; null for none.</param>
    /// <param name="cancellationToken">Cancels the connecting.</param>
    /// <exception cref="CliException">No database is given.</exception>
    /// <exception cref="MigrationException">The server cannot be reached, or a pooler shares its sessions.</exception>
    public static async Task<DataServices> OpenAsync(
        Session session, ParseResult parsed, Action<AutoStackDataOptions>? configure, CancellationToken cancellationToken)
    {
        var given = session.RequiredConnection(parsed);
        var server = new MigrationServer(given, session.ShowsValues, session.AskPassword);
        var wait = TimeSpan.FromSeconds(parsed.GetValue(session.Options.Wait));
        var connection = await server.ConnectAsync(wait, session.Progress, cancellationToken).ConfigureAwait(false);
        string where;
        await using (connection.ConfigureAwait(false))
        {
            where = $"{connection.Host}:{connection.Port}, database {Visible.Text(connection.Database)}";
            await Pooler.RefuseSharedSessionAsync(connection, cancellationToken).ConfigureAwait(false);
        }

        var settings = ConnectionText.Parse(given);
        settings.Password = server.Password;
        settings.ApplicationName ??= "autostack-db";
        return Over(settings.ConnectionString, where, configure);
    }

    /// <summary>Opens a pool.</summary>
    /// <param name="connectionString">A connection string of Npgsql.</param>
    /// <param name="where">The server and database, for people.</param>
    /// <param name="configure">Sets further options of the library; null for none.</param>
    public static DataServices Over(string connectionString, string where, Action<AutoStackDataOptions>? configure)
    {
        var options = new AutoStackDataOptions
        {
            ConnectionString = connectionString,
            MinPoolSize = 0,
            MaxPoolSize = Connections,
        };
        configure?.Invoke(options);
        return new DataServices(
            new Database(options, dataSource: null, TimeProvider.System, NullLoggerFactory.Instance, servesWorkers: true), where);
    }

    /// <summary>A service of the library.</summary>
    public T Get<T>()
        where T : class => (T)database.Create(typeof(T));

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
