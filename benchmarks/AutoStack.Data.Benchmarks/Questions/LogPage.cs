using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.EntityFramework;
using AutoStack.Data.Logs;
using BenchmarkDotNet.Attributes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

public enum LogPlace
{
    First,
    Middle,
    Last,
}

/// <summary>A page of 200 lines by cursor, at the beginning, in the middle and at the end of the giant log.</summary>
public class LogPage : CallQuestion
{
    private const int Limit = 200;

    private const string Sql = $"""
        SELECT {DeploymentLogRepository.Columns}
        FROM deployment_logs l
        WHERE l.deployment_id = $1 AND l.seq > $2
          AND EXISTS (SELECT FROM deployments d WHERE d.id = $1 AND d.user_id = $3 AND NOT d.is_deleted)
          AND NOT EXISTS (SELECT FROM users c WHERE c.id = $3 AND c.closed_at IS NOT NULL)
        ORDER BY l.seq
        LIMIT (SELECT $4::int)
        """;

    private static readonly Func<AutoStackContext, Guid, Guid, long, IAsyncEnumerable<LogEntity>> Compiled = EF.CompileAsyncQuery(
        (AutoStackContext context, Guid id, Guid ownerId, long seq) => context.Logs
            .Where(
                l => l.DeploymentId == id && l.Seq > seq && context.Deployments.Any(d => d.Id == id && d.UserId == ownerId && !d.IsDeleted))
            .OrderBy(l => l.Seq)
            .Take(Limit));

    private IDeploymentLogRepository logs = null!;
    private long seq;

    [Params(LogPlace.First, LogPlace.Middle, LogPlace.Last)]
    public LogPlace Place { get; set; }

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        logs = Subjects.Get<IDeploymentLogRepository>();
        var lines = Fixtures.Scale.GiantLog;
        seq = Place switch { LogPlace.First => 0, LogPlace.Middle => lines / 2, _ => lines - Limit };
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source) => (await Raw.ListAsync(
        source,
        Sql,
        Rows.Log,
        Raw.Uuid(Fixtures.Giant.Id),
        Raw.Bigint(seq),
        Raw.Uuid(Fixtures.Giant.OwnerId),
        Raw.Integer(Limit))).Count;

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library() =>
        (await logs.ListAsync(Fixtures.Giant.Id, Fixtures.Giant.OwnerId, Cursor.After(seq), Limit, CancellationToken.None)).Items.Count;

    [Benchmark(Description = Subjects.EfCore)]
    public async Task<int> EfCore()
    {
        await using var context = Subjects.CreateContext();
        var (id, ownerId) = Fixtures.Giant;
        return (await context.Logs
            .Where(
                l => l.DeploymentId == id && l.Seq > seq && context.Deployments.Any(d => d.Id == id && d.UserId == ownerId && !d.IsDeleted))
            .OrderBy(l => l.Seq)
            .Take(Limit)
            .ToListAsync()).Count;
    }

    [Benchmark(Description = Subjects.EfCoreCompiled)]
    public async Task<int> EfCoreCompiled()
    {
        await using var context = Subjects.CreateContext();
        return (await Compiled(context, Fixtures.Giant.Id, Fixtures.Giant.OwnerId, seq).ToListAsync()).Count;
    }
}
