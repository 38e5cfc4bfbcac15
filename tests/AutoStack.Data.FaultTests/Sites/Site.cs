using Npgsql;

namespace AutoStack.Data.FaultTests.Sites;

/// <summary>The way from the services of a laboratory to their database, and the direct way of the checks.</summary>
internal abstract class Site : IAsyncDisposable
{
    /// <summary>What the services are told of a pooler.</summary>
    public virtual PoolerMode? Pooler => null;

    /// <summary>The number of connections that the network before the database holds.</summary>
    public virtual int Open => 0;

    /// <summary>The connection string of a service.</summary>
    public abstract string ConnectionStringOf(string applicationName);

    /// <summary>Opens a connection to the rows that passes neither a proxy nor a pooler.</summary>
    public abstract Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}
