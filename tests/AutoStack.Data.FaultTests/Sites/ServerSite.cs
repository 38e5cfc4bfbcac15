using AutoStack.Data.FaultTests.Servers;
using Npgsql;

namespace AutoStack.Data.FaultTests.Sites;

/// <summary>A database of one server, with a proxy before it.</summary>
internal class ServerSite(FaultServer server, string database, Proxy proxy) : Site
{
    public FaultServer Server { get; } = server;

    public string Database { get; } = database;

    public Proxy Proxy { get; } = proxy;

    public override int Open => Proxy.Open;

    public static async Task<ServerSite> CreateAsync(FaultServer server, CancellationToken cancellationToken) =>
        new(server, await server.CreateDatabaseAsync(cancellationToken), new Proxy(server.Port));

    public override string ConnectionStringOf(string applicationName) =>
        Server.ConnectionStringThrough(Proxy, Database, applicationName);

    public override Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) => Server.OpenAsync(Database, cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await Proxy.DisposeAsync();
        await Server.DropDatabaseAsync(Database, CancellationToken.None);
    }
}
