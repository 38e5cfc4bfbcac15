using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.EntityFramework;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Values;
using BenchmarkDotNet.Attributes;
using Dapper;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>The newest twenty deployments of a user who has many, each with its project.</summary>
public class RecentDeployments : CallQuestion
{
    private const int Limit = 20;

    // A page reads one row more than it returns.
    private const int Read = Limit + 1;

    private const string Sql = $"""
        SELECT {DeploymentRepository.ListColumns}, {ProjectRepository.ListColumns}, d.created_at
        FROM (
            SELECT {DeploymentRepository.Columns}
            FROM deployments d
            WHERE d.user_id = (SELECT $1::uuid) AND NOT d.is_deleted AND (d.created_at, d.id) < ($2, $3)
              AND NOT EXISTS (SELECT FROM users c WHERE c.id = $1 AND c.closed_at IS NOT NULL)
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT 101
        ) d
        JOIN projects p ON p.id = d.project_id
        ORDER BY d.created_at DESC, d.id DESC
        LIMIT (SELECT $4::int)
        """;

    // Dapper binds by name.
    private const string DapperSql = $"""
        SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}
        FROM (
            SELECT {DeploymentRepository.Columns}
            FROM deployments d
            WHERE d.user_id = (SELECT @ownerId::uuid) AND NOT d.is_deleted AND (d.created_at, d.id) < (@createdAt, @id)
              AND NOT EXISTS (SELECT FROM users c WHERE c.id = @ownerId AND c.closed_at IS NOT NULL)
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT 101
        ) d
        JOIN projects p ON p.id = d.project_id
        ORDER BY d.created_at DESC, d.id DESC
        LIMIT (SELECT @limit::int)
        """;

    private static readonly Func<AutoStackContext, Guid, DateTime, Guid, IAsyncEnumerable<DeploymentEntity>> Compiled =
        EF.CompileAsyncQuery(
        (AutoStackContext context, Guid ownerId, DateTime createdAt, Guid id) => context.Deployments
            .Include(d => d.Project)
            .Where(d => d.UserId == ownerId && !d.IsDeleted
                && EF.Functions.LessThan(ValueTuple.Create(d.CreatedAt, d.Id), ValueTuple.Create(createdAt, id)))
            .OrderByDescending(d => d.CreatedAt).ThenByDescending(d => d.Id)
            .Take(Read));

    private IDeploymentRepository deployments = null!;
    private (DateTimeOffset CreatedAt, Guid Id) newest;

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        deployments = Subjects.Get<IDeploymentRepository>();
        newest = (new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), Guid.AllBitsSet);
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source) => (await Raw.ListAsync(
        source, Sql, Rows.DeploymentWithProject,
        Raw.Uuid(Fixtures.HeavyUserId),
        Raw.Timestamp(newest.CreatedAt.DateTime),
        Raw.Uuid(newest.Id),
        Raw.Integer(Read))).Take(Limit).Count();

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library()
    {
        var cursor = Cursor.After(Time.ToMicroseconds(newest.CreatedAt), newest.Id);
        return (await deployments.ListRecentAsync(Fixtures.HeavyUserId, cursor, Limit, CancellationToken.None)).Items.Count;
    }

    /// <summary>Dapper's own binding and materialiser, which the library does without.</summary>
    [Benchmark(Description = Subjects.Dapper)]
    public async Task<int> DapperMaterialiser()
    {
        await using var connection = await Subjects.Raw.OpenConnectionAsync();
        var rows = await connection.QueryAsync<DeploymentEntity, ProjectEntity, DeploymentEntity>(
            DapperSql,
            static (deployment, project) =>
            {
                deployment.Project = project;
                return deployment;
            },
            new { ownerId = Fixtures.HeavyUserId, createdAt = newest.CreatedAt.DateTime, id = newest.Id, limit = Read });
        return rows.AsList().Take(Limit).Count();
    }

    [Benchmark(Description = Subjects.EfCore)]
    public async Task<int> EfCore()
    {
        await using var context = Subjects.CreateContext();
        var (createdAt, id) = (newest.CreatedAt.DateTime, newest.Id);
        return (await context.Deployments
            .Include(d => d.Project)
            .Where(d => d.UserId == Fixtures.HeavyUserId && !d.IsDeleted
                && EF.Functions.LessThan(ValueTuple.Create(d.CreatedAt, d.Id), ValueTuple.Create(createdAt, id)))
            .OrderByDescending(d => d.CreatedAt).ThenByDescending(d => d.Id)
            .Take(Read)
            .ToListAsync()).Take(Limit).Count();
    }

    [Benchmark(Description = Subjects.EfCoreCompiled)]
    public async Task<int> EfCoreCompiled()
    {
        await using var context = Subjects.CreateContext();
        return (await Compiled(context, Fixtures.HeavyUserId, newest.CreatedAt.DateTime, newest.Id).ToListAsync()).Take(Limit).Count();
    }
}
