using AutoStack.Data.Testing.Internal;
using Npgsql;

namespace AutoStack.Data.Testing;

/// <summary>A database of its own for one test or fixture. Disposing drops it, whoever is still connected.</summary>
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

    /// <summary>Its name: <c>autostack_test_</c> and a random part.</summary>
    public string Name { get; }

    /// <summary>
    /// An Npgsql connection string to it, password included, with a pool of at most 20 connections, error details and the application name
    /// <c>autostack-test</c>.
    /// </summary>
    public string ConnectionString { get; }

    /// <summary>Closes the pooled connections and drops the database. Nothing happens the second time, or when the server is gone.</summary>
    /// <returns>A task that ends when the database is gone.</returns>
    /// <exception cref="PostgresException">The server refuses, for example because of a prepared transaction.</exception>
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
            // And the database with it, or the next start on that server drops it.
        }
    }

    /// <summary>Makes the database as a copy of another one: its name, and how it is copied.</summary>
    internal static async Task<TestDatabase> CreateAsync(Administration administration, string template, CancellationToken cancellationToken)
    {
        var database = new TestDatabase(administration, Leftovers.DatabasePrefix + RandomName.Create());
        try
        {
            await administration.ExecuteAsync($"CREATE DATABASE {database.Name} TEMPLATE {template}", cancellationToken).ConfigureAwait(false);
            await administration.ExecuteAsync(Leftovers.MarkDatabaseSql(database.Name), cancellationToken).ConfigureAwait(false);
            return database;
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
