using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The load's statements on the rows of one benchmark schema.</summary>
internal sealed class Workload(string schema, Workload.Row[] deployments, Workload.Row[] logged, Workload.Row[] building, int logLength)
{
    public const int RecentLimit = 20;
    public const int PageSize = 200;

    // Ends all by itself; a point must not last for as long as a service's user has patience.
    private const int TimeoutSeconds = 10;

    private readonly string byId = LoadSql.In(schema, LoadSql.ById);
    private readonly string recent = LoadSql.In(schema, LoadSql.Recent);
    private readonly string logPage = LoadSql.In(schema, LoadSql.LogPage);
    private readonly string appendLock = LoadSql.In(schema, LoadSql.AppendLock);
    private readonly string append = LoadSql.In(schema, LoadSql.Append);

    /// <summary>A deployment and whose it is.</summary>
    internal readonly record struct Row(Guid Id, Guid OwnerId);

    public async Task RunAsync(NpgsqlConnection connection, LoadStatement statement, int pick, CancellationToken cancellationToken)
    {
        switch (statement)
        {
            case LoadStatement.ById:
                var one = Pick(deployments, pick);
                await ReadAsync(connection, byId, cancellationToken, Of("id", one.Id), Of("ownerId", one.OwnerId)).ConfigureAwait(false);
                break;
            case LoadStatement.Recent:
                await ReadAsync(connection, recent, cancellationToken,
                    Of("ownerId", Pick(deployments, pick).OwnerId), Of("createdAt", new DateTime(9999, 12, 31), NpgsqlDbType.Timestamp), Of("id", Guid.AllBitsSet),
                    Of("limit", RecentLimit, NpgsqlDbType.Integer)).ConfigureAwait(false);
                break;
            case LoadStatement.LogPage:
                var log = Pick(logged, pick);
                await ReadAsync(connection, logPage, cancellationToken,
                    Of("deploymentId", log.Id), Of("ownerId", log.OwnerId), Of("seq", (long)(pick % logLength), NpgsqlDbType.Bigint),
                    Of("limit", PageSize, NpgsqlDbType.Integer)).ConfigureAwait(false);
                break;
            default:
                await AppendAsync(connection, Pick(building, pick).Id, statement == LoadStatement.Append1 ? 1 : 100, cancellationToken).ConfigureAwait(false);
                break;
        }
    }

    private static Row Pick(Row[] rows, int pick) => rows[pick % rows.Length];

    private static async Task ReadAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection) { CommandTimeout = TimeoutSeconds };
        await using var disposing = command.ConfigureAwait(false);
        command.Parameters.AddRange(parameters);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                _ = reader.GetGuid(0);
            }
        }
    }

    private async Task AppendAsync(NpgsqlConnection connection, Guid deploymentId, int lines, CancellationToken cancellationToken)
    {
        var now = DateTime.SpecifyKind(DateTime.UtcNow, DateTimeKind.Unspecified);
        var batch = new NpgsqlBatch(connection) { Timeout = TimeoutSeconds };
        await using var disposing = batch.ConfigureAwait(false);
        Add(LoadSql.AppendIsolation);
        Add(appendLock, Of("deploymentId", deploymentId));
        Add(append,
            Of("deploymentId", deploymentId),
            Of("now", now, NpgsqlDbType.Timestamp),
            Of("maxBytes", 64L << 20, NpgsqlDbType.Bigint),
            Of("ending", "The log is full.", NpgsqlDbType.Text),
            Of("endingLevel", "warning", NpgsqlDbType.Text),
            Of("ids", Repeat(Guid.CreateVersion7), NpgsqlDbType.Array | NpgsqlDbType.Uuid),
            Of("times", Repeat(() => now), NpgsqlDbType.Array | NpgsqlDbType.Timestamp),
            Of("levels", Repeat(() => "info"), NpgsqlDbType.Array | NpgsqlDbType.Text),
            Of("messages", Repeat(() => "Compiled module 1234 of the site in 56 ms, without a warning"), NpgsqlDbType.Array | NpgsqlDbType.Text));
        await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);

        void Add(string sql, params NpgsqlParameter[] parameters)
        {
            var command = new NpgsqlBatchCommand(sql);
            command.Parameters.AddRange(parameters);
            batch.BatchCommands.Add(command);
        }

        T[] Repeat<T>(Func<T> make) => [.. Enumerable.Range(0, lines).Select(_ => make())];
    }

    private static NpgsqlParameter<Guid> Of(string name, Guid value) => Of(name, value, NpgsqlDbType.Uuid);

    private static NpgsqlParameter<T> Of<T>(string name, T value, NpgsqlDbType type) => new() { ParameterName = name, NpgsqlDbType = type, TypedValue = value };
}
