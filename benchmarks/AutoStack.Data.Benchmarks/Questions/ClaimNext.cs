using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.EntityFramework;
using AutoStack.Data.Deployments;
using BenchmarkDotNet.Attributes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>A queue of 64 deployments, emptied by workers side by side; the time is that of one claim.</summary>
public class ClaimNext : Question
{
    private const int Queued = 64;

    private const string Enqueue = """
        INSERT INTO deployments (id, project_id, user_id, status, branch, creator_type, created_at)
        SELECT gen_random_uuid(), $1, $2, 'queued', 'main', 'manual', clock_timestamp() AT TIME ZONE 'UTC'
        FROM generate_series(1, $3)
        """;

    private static readonly string Sql = $"""
        WITH chosen AS (
            SELECT q.id, q.user_id, q.queue_place AS place, q.queue_place AS turn
            FROM deployments q
            WHERE coalesce(q.status::text, '') = 'queued' AND NOT q.is_deleted AND q.started_at IS NULL
            ORDER BY q.queue_place, q.id
            LIMIT 1
            FOR NO KEY UPDATE SKIP LOCKED
        ),
        {DeploymentQueue.StartChosen.Replace("@now", "$1", StringComparison.Ordinal).Replace("@stageId", "$2", StringComparison.Ordinal)
            .Replace("@worker", "$3", StringComparison.Ordinal).Replace("@key", "$4", StringComparison.Ordinal)
            .Replace("@lease", "$5", StringComparison.Ordinal)}
        """;

    private IDeploymentLifecycle lifecycle = null!;

    [Params(1, 4, 16)]
    public int Workers { get; set; }

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        lifecycle = Subjects.Get<IDeploymentLifecycle>();
    }

    /// <summary>Fills the queue, after removing the deployments of the previous round.</summary>
    [IterationSetup]
    public void FillQueue() => FillQueueAsync().GetAwaiter().GetResult();

    public override async Task CleanUpAsync()
    {
        await EmptyAsync();
        await base.CleanUpAsync();
    }

    [Benchmark(Baseline = true, Description = Subjects.Npgsql, OperationsPerInvoke = Queued)]
    public Task<int> Npgsql() => WorkAsync(() => DriverAsync(Subjects.Raw));

    [Benchmark(Description = Subjects.NpgsqlTuned, OperationsPerInvoke = Queued)]
    public Task<int> NpgsqlTuned() => WorkAsync(() => DriverAsync(Subjects.Tuned));

    [Benchmark(Description = Subjects.Library, OperationsPerInvoke = Queued)]
    public Task<int> Library() => WorkAsync(async () => await lifecycle.ClaimNextAsync(CancellationToken.None) is null ? 0 : 1);

    /// <summary>The row is locked by SQL, which LINQ cannot express; the changes are tracked and saved.</summary>
    [Benchmark(Description = Subjects.EfCore, OperationsPerInvoke = Queued)]
    public Task<int> EfCore() => WorkAsync(async () =>
    {
        var now = Now();
        await using var context = Subjects.CreateContext();
        await using var transaction = await context.Database.BeginTransactionAsync();
        var deployment = (await context.Deployments
            .FromSql($"""
                SELECT *
                FROM deployments
                WHERE coalesce(status::text, '') = 'queued' AND NOT is_deleted AND started_at IS NULL
                ORDER BY queue_place, id
                LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED
                """)
            .AsTracking()
            .ToListAsync()).SingleOrDefault();
        if (deployment is null)
        {
            return 0;
        }

        deployment.Status = "cloning";
        deployment.StartedAt = now;
        var open = context.Stages.AsTracking().Where(s => s.DeploymentId == deployment.Id && s.Status == "in_progress");
        foreach (var stage in await open.ToListAsync())
        {
            stage.Status = "completed";
            stage.CompletedAt = now;
        }

        context.Stages.Add(new StageEntity
        {
            Id = NewId(),
            DeploymentId = deployment.Id,
            StageName = "cloning",
            Status = "in_progress",
            StartedAt = now,
            CreatedAt = now,
        });
        await context.Entry(deployment).Reference(d => d.Project).LoadAsync();
        await context.SaveChangesAsync();
        await transaction.CommitAsync();
        return 1;
    });

    private static async Task<int> DriverAsync(NpgsqlDataSource source) =>
        (await Raw.ListAsync(
            source, Sql, Rows.DeploymentWithProject, Raw.Timestamp(Now()), Raw.Uuid(NewId()), Raw.Text("w"), Raw.Uuid(Guid.NewGuid()),
            Raw.Interval(TimeSpan.FromMinutes(1)))).Count;

    private async Task<int> WorkAsync(Func<Task<int>> claim)
    {
        var workers = Enumerable.Range(0, Workers).Select(_ => Task.Run(async () =>
        {
            var claimed = 0;
            for (var i = 0; i < Queued / Workers; i++)
            {
                claimed += await claim();
            }

            return claimed;
        }));
        return (await Task.WhenAll(workers)).Sum();
    }

    private async Task FillQueueAsync()
    {
        await EmptyAsync();
        await Raw.ListAsync(
            Subjects.Raw, Enqueue, _ => 0, Raw.Uuid(Fixtures.ProjectId), Raw.Uuid(Fixtures.HeavyUserId), Raw.Integer(Queued));
    }

    private Task EmptyAsync() =>
        Raw.ListAsync(Subjects.Raw, "DELETE FROM deployments d WHERE d.status IN ('queued', 'cloning')", _ => 0);

    private static Guid NewId() => UUIDNext.Uuid.NewDatabaseFriendly(UUIDNext.Database.PostgreSql);

    private static DateTime Now() => DateTime.SpecifyKind(DateTime.UtcNow, DateTimeKind.Unspecified);
}
