using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The server, options and script sets that every operation of one migrator works with.</summary>
/// <param name="Server">Opens the sessions.</param>
/// <param name="Options">The options of the migrator.</param>
/// <param name="Sets">The core, the features of the package by name, then the given sets in their order.</param>
internal sealed record MigratorContext(MigrationServer Server, SchemaMigratorOptions Options, IReadOnlyList<ScriptSet> Sets)
{
    /// <summary>The scripts of the core.</summary>
    public IReadOnlyList<MigrationScript> Scripts => Sets[0].Scripts;

    /// <summary>Opens a session, waiting for a server that is starting.</summary>
    public Task<NpgsqlConnection> ConnectAsync(IProgress<MigrationEvent>? progress, CancellationToken cancellationToken) =>
        Server.ConnectAsync(Options.ServerWait, progress ?? Options.Progress, cancellationToken);

    /// <summary>Opens a session in which the server refuses to write, and refuses foreign objects.</summary>
    public async Task<NpgsqlConnection> ConnectReadOnlyAsync(CancellationToken cancellationToken)
    {
        var connection = await Server.ConnectReadOnlyAsync(Options.ServerWait, Options.Progress, cancellationToken).ConfigureAwait(false);
        try
        {
            await RefuseForeignObjectsAsync(connection, Options.Progress, cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc cref="ForeignObjectSearch.RefuseAsync"/>
    public Task RefuseForeignObjectsAsync(
        NpgsqlConnection connection, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken) =>
        ForeignObjectSearch.RefuseAsync(connection, Options.AllowForeignObjects, progress, cancellationToken);
}
