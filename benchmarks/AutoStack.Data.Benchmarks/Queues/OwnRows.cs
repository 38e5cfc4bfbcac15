using AutoStack.Data.Benchmarks.Driver;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Benchmarks.Queues;

/// <summary>
/// The rows of an application whose queue knows ids only: where the library's queue is the table of deployments, this table stands beside
/// the queue. The rows are stored before the clock starts, and have no index but the primary key: both favour the other queues.
/// </summary>
internal sealed class OwnRows(NpgsqlDataSource source, string schema)
{
    public Task CreateAsync() => RunAsync($"""
        DROP SCHEMA IF EXISTS {schema} CASCADE;
        CREATE SCHEMA {schema};
        CREATE TABLE {schema}.builds (
            id uuid PRIMARY KEY,
            status varchar(20) NOT NULL DEFAULT 'queued',
            starts integer NOT NULL DEFAULT 0,
            started_at timestamp,
            completed_at timestamp
        )
        """);

    public Task AddAsync(Guid[] ids) =>
        RunAsync($"INSERT INTO {schema}.builds (id) SELECT unnest($1)", Raw.Array(ids, NpgsqlDbType.Uuid));

    /// <summary>The job: two updates, each committed by itself, since an owner wants to see that a build has started.</summary>
    public async Task BuildAsync(Guid id)
    {
        await RunAsync(
            $"UPDATE {schema}.builds SET status = 'building', starts = starts + 1, started_at = now() WHERE id = $1", Raw.Uuid(id));
        await RunAsync($"UPDATE {schema}.builds SET status = 'success', completed_at = now() WHERE id = $1", Raw.Uuid(id));
    }

    /// <param name="ids">The jobs to count.</param>
    /// <param name="queued">A query for the number of jobs that the queue has not acknowledged yet.</param>
    public async Task<JobCount> CountAsync(Guid[] ids, string queued) => (await Raw.ListAsync(
        source,
        $"""
        SELECT count(*) FILTER (WHERE b.status = 'success'), count(*) FILTER (WHERE b.starts > 1), ({queued})
        FROM {schema}.builds b
        WHERE b.id = ANY ($1)
        """,
        row => new JobCount((int)row.GetInt64(0), (int)row.GetInt64(1), (int)row.GetInt64(2)),
        Raw.Array(ids, NpgsqlDbType.Uuid)))[0];

    private Task RunAsync(string sql, params NpgsqlParameter[] parameters) => Raw.ListAsync(source, sql, _ => 0, parameters);
}
