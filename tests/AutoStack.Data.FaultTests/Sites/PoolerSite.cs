using AutoStack.Data.FaultTests.Servers;

namespace AutoStack.Data.FaultTests.Sites;

/// <summary>A database of one server, with a PgBouncer before it and a proxy before that.</summary>
internal sealed class PoolerSite : ServerSite
{
    private PoolerSite(FaultServer server, string database, Bouncer bouncer)
        : base(server, database, new Proxy(bouncer.Port)) => Bouncer = bouncer;

    public Bouncer Bouncer { get; }

    public override PoolerMode? Pooler => PoolerMode.Transaction;

    /// <summary>Starts a PgBouncer; where none is installed, the test is ignored.</summary>
    public static new async Task<PoolerSite> CreateAsync(FaultServer server, CancellationToken cancellationToken)
    {
        var bouncer = await Bouncer.StartAsync(server.ConnectionStringTo("postgres"), cancellationToken);
        return new PoolerSite(server, await server.CreateDatabaseAsync(cancellationToken), bouncer);
    }

    public override async ValueTask DisposeAsync()
    {
        await Bouncer.DisposeAsync();
        await base.DisposeAsync();
    }
}
