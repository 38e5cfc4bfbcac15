using AutoStack.Data.Security;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AutoStack.Data.Internal;

/// <summary>One registered database: its data source, and what is made over it.</summary>
internal sealed class Database : IAsyncDisposable, IDisposable
{
    private readonly NpgsqlDataSource? owned;
    private readonly Db db;
    private readonly Context context;

    /// <summary>Builds a data source from the options, unless the host brought one, which then stays the host's to dispose.</summary>
    public Database(AutoStackDataOptions options, NpgsqlDataSource? dataSource, TimeProvider clock, ILoggerFactory loggerFactory)
    {
        context = new Context(clock, new SecretProtector([.. options.SecretKeys]));
        var telemetry = new Telemetry(loggerFactory.CreateLogger("AutoStack.Data"), options.SlowOperationThreshold);
        owned = dataSource is null
            ? new NpgsqlDataSourceBuilder(options.ToConnectionString().ConnectionString).UseLoggerFactory(loggerFactory).Build()
            : null;
        var source = dataSource ?? owned!;
        var commandTimeout = new NpgsqlConnectionStringBuilder(source.ConnectionString).CommandTimeout;
        db = new PooledDb(source, telemetry, commandTimeout);
        UnitOfWork = new UnitOfWork(source, context, telemetry, commandTimeout);
    }

    public IUnitOfWork UnitOfWork { get; }

    public object Create(Type repository) => Repositories.Create(repository, db, context);

    public void Dispose() => owned?.Dispose();

    public ValueTask DisposeAsync() => owned?.DisposeAsync() ?? ValueTask.CompletedTask;
}
