using AutoStack.Data.LocalServer;
using AutoStack.Data.Testing.Internal;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Testing;

/// <summary>A database for one test or fixture. Disposing drops the database and ends its open connections.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private const int MaximumPoolSize = 20;

    private readonly Administration administration;
    private int disposed;

    private TestDatabase(Administration administration, string name)
    {
        this.administration = administration;
        Name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(administration.ConnectionStringTo(name))
        {
            MinPoolSize = 0,
            MaxPoolSize = MaximumPoolSize,
        }.ConnectionString;
    }

    /// <summary>The name of the database: <c>autostack_test_</c> and a random part.</summary>
    public string Name { get; }

    /// <summary>
    /// An Npgsql connection string to the database, password included, with a pool of at most 20 connections, error details and the
    /// application name <c>autostack-test</c>.
    /// </summary>
    public string ConnectionString { get; }

    /// <summary>
    /// Creates the services of the library over this database, those of workers included, with a clock that the test moves and rows in one
    /// line. A service with a host of its own uses <see cref="TestRows"/> on the services of that host.
    /// </summary>
    /// <param name="configure">Adds further services, and options by <c>Configure&lt;AutoStackDataOptions&gt;</c>; null for none.</param>
    /// <returns>The services; dispose them before the database.</returns>
    public TestServices CreateServices(Action<IServiceCollection>? configure = null) => new(ConnectionString, configure);

    /// <summary>Closes the pooled connections and drops the database. A second call does nothing, nor one after the server ended.</summary>
    /// <returns>A task that completes when the database is dropped.</returns>
    /// <exception cref="PostgresException">The server refuses to drop the database, such as for a prepared transaction.</exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
        {
            return;
        }

        using (var connection = new NpgsqlConnection(ConnectionString))
        {
            NpgsqlConnection.ClearPool(connection);
        }

        try
        {
            await administration.ExecuteAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)", CancellationToken.None).ConfigureAwait(false);
        }
        catch (NpgsqlException exception) when (Administration.IsServerGone(exception))
        {
            // The database ended with its server, or the next start on that server drops it.
        }
    }

    /// <summary>Creates the database as a copy of a template: the template's name and the clause that says how to copy.</summary>
    internal static async Task<TestDatabase> CreateAsync(
        Administration administration, string template, CancellationToken cancellationToken)
    {
        var database = new TestDatabase(administration, AbandonedDatabases.Prefix + RandomName.Create());
        try
        {
            await administration.ExecuteAsync($"CREATE DATABASE {database.Name} TEMPLATE {template}", cancellationToken)
                .ConfigureAwait(false);
            await administration.ExecuteAsync(AbandonedDatabases.MarkSql(database.Name), cancellationToken).ConfigureAwait(false);
            return database;
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
