using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.EntityFramework;
using AutoStack.Data.Logs;
using BenchmarkDotNet.Attributes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>The last 200 lines of the giant log.</summary>
public class LogTail : CallQuestion
{
    private const int Limit = 200;

    private const string Sql = $"""
        SELECT {DeploymentLogRepository.Columns}
        FROM deployment_logs l
        WHERE l.deployment_id = $1 AND l.seq <= $2
          AND EXISTS (SELECT FROM deployments d WHERE d.id = $1 AND d.user_id = $3 AND NOT d.is_deleted)
          AND NOT EXISTS (SELECT FROM users c WHERE c.id = $3 AND c.closed_at IS NOT NULL)
        ORDER BY l.seq DESC
        LIMIT (SELECT $4::int)
        """;

    private static readonly Func<AutoStackContext, Guid, Guid, IAsyncEnumerable<LogEntity>> Compiled = EF.CompileAsyncQuery(
        (AutoStackContext context, Guid id, Guid ownerId) => context.Logs
            .Where(l => l.DeploymentId == id && context.Deployments.Any(d => d.Id == id && d.UserId == ownerId && !d.IsDeleted))
            .OrderByDescending(l => l.Seq)
            .Take(Limit));

    private IDeploymentLogRepository logs = null!;

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        logs = Subjects.Get<IDeploymentLogRepository>();
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source)
    {
        var lines = await Raw.ListAsync(
            source, Sql, Rows.Log,
            Raw.Uuid(Fixtures.Giant.Id), Raw.Bigint(long.MaxValue), Raw.Uuid(Fixtures.Giant.OwnerId), Raw.Integer(Limit));
        lines.Reverse();
        return lines.Count;
    }

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library() =>
        (await logs.ListTailAsync(Fixtures.Giant.Id, Fixtures.Giant.OwnerId, Cursor.Start, Limit, CancellationToken.None)).Items.Count;

    [Benchmark(Description = Subjects.EfCore)]
    public async Task<int> EfCore()
    {
        await using var context = Subjects.CreateContext();
        var (id, ownerId) = Fixtures.Giant;
        var lines = await context.Logs
            .Where(l => l.DeploymentId == id && context.Deployments.Any(d => d.Id == id && d.UserId == ownerId && !d.IsDeleted))
            .OrderByDescending(l => l.Seq)
            .Take(Limit)
            .ToListAsync();
        lines.Reverse();
        return lines.Count;
    }

    [Benchmark(Description = Subjects.EfCoreCompiled)]
    public async Task<int> EfCoreCompiled()
    {
        await using var context = Subjects.CreateContext();
        var lines = await Compiled(context, Fixtures.Giant.Id, Fixtures.Giant.OwnerId).ToListAsync();
        lines.Reverse();
        return lines.Count;
    }
}
