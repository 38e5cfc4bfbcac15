using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.EntityFramework;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using BenchmarkDotNet.Attributes;
using Dapper;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>The newest twenty deployments of a user who has many, each with its project.</summary>
public class RecentDeployments : CallQuestion
{
    private const int Limit = 20;

    private const string Sql = $"""
        SELECT {DeploymentRepository.ListColumns}, {Projects.ProjectRepository.ListColumns}
        FROM deployments d
        JOIN projects p ON p.id = d.project_id
        WHERE d.user_id = $1 AND NOT d.is_deleted AND (d.created_at, d.id) < ($2, $3)
        ORDER BY d.created_at DESC, d.id DESC
        LIMIT $4
        """;

    // Dapper binds by name.
    private const string DapperSql = $"""
        SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}
        FROM deployments d
        JOIN projects p ON p.id = d.project_id
        WHERE d.user_id = @ownerId AND NOT d.is_deleted AND (d.created_at, d.id) < (@createdAt, @id)
        ORDER BY d.created_at DESC, d.id DESC
        LIMIT @limit
        """;

    private static readonly Func<AutoStackContext, Guid, DateTime, Guid, IAsyncEnumerable<DeploymentEntity>> Compiled = EF.CompileAsyncQuery(
        (AutoStackContext context, Guid ownerId, DateTime createdAt, Guid id) => context.Deployments
            .Include(d => d.Project)
            .Where(d => d.UserId == ownerId && !d.IsDeleted
                && EF.Functions.LessThan(ValueTuple.Create(d.CreatedAt, d.Id), ValueTuple.Create(createdAt, id)))
            .OrderByDescending(d => d.CreatedAt).ThenByDescending(d => d.Id)
            .Take(Limit));

    private IDeploymentRepository deployments = null!;
    private DeploymentCursor newest;

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        deployments = Subjects.Get<IDeploymentRepository>();
        newest = new DeploymentCursor(new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero), Guid.AllBitsSet);
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source) => (await Raw.ListAsync(
        source, Sql, Rows.DeploymentWithProject,
        Raw.Uuid(Fixtures.HeavyUserId), Raw.Timestamp(newest.CreatedAt.DateTime), Raw.Uuid(newest.Id), Raw.Integer(Limit))).Count;

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library() => (await deployments.ListRecentAsync(Fixtures.HeavyUserId, Limit, newest, CancellationToken.None)).Count;

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
            new { ownerId = Fixtures.HeavyUserId, createdAt = newest.CreatedAt.DateTime, id = newest.Id, limit = Limit });
        return rows.AsList().Count;
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
            .Take(Limit)
            .ToListAsync()).Count;
    }

    [Benchmark(Description = Subjects.EfCoreCompiled)]
    public async Task<int> EfCoreCompiled()
    {
        await using var context = Subjects.CreateContext();
        return (await Compiled(context, Fixtures.HeavyUserId, newest.CreatedAt.DateTime, newest.Id).ToListAsync()).Count;
    }
}
