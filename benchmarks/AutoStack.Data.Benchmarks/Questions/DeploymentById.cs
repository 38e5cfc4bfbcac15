using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.EntityFramework;
using AutoStack.Data.Deployments;
using BenchmarkDotNet.Attributes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>A deployment by id, of its owner; another one each time.</summary>
public class DeploymentById : CallQuestion
{
    private const string Sql = $"""
        SELECT {DeploymentRepository.Columns}
        FROM deployments d
        WHERE d.id = $1 AND d.user_id = $2 AND NOT d.is_deleted
          AND NOT EXISTS (SELECT FROM users c WHERE c.id = $2 AND c.closed_at IS NOT NULL)
        """;

    private static readonly Func<AutoStackContext, Guid, Guid, Task<DeploymentEntity?>> Compiled = EF.CompileAsyncQuery(
        (AutoStackContext context, Guid id, Guid ownerId) =>
            context.Deployments.FirstOrDefault(d => d.Id == id && d.UserId == ownerId && !d.IsDeleted));

    private IDeploymentRepository deployments = null!;
    private int turn;

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        deployments = Subjects.Get<IDeploymentRepository>();
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source)
    {
        var (id, ownerId) = Next();
        return (await Raw.ListAsync(source, Sql, Rows.Deployment, Raw.Uuid(id), Raw.Uuid(ownerId))).Count;
    }

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library()
    {
        var (id, ownerId) = Next();
        return await deployments.FindAsync(id, ownerId, CancellationToken.None) is null ? 0 : 1;
    }

    [Benchmark(Description = Subjects.EfCore)]
    public async Task<int> EfCore()
    {
        var (id, ownerId) = Next();
        await using var context = Subjects.CreateContext();
        return await context.Deployments.FirstOrDefaultAsync(d => d.Id == id && d.UserId == ownerId && !d.IsDeleted) is null ? 0 : 1;
    }

    [Benchmark(Description = Subjects.EfCoreCompiled)]
    public async Task<int> EfCoreCompiled()
    {
        var (id, ownerId) = Next();
        await using var context = Subjects.CreateContext();
        return await Compiled(context, id, ownerId) is null ? 0 : 1;
    }

    private Owned Next() => Fixtures.Spread[turn++ % Fixtures.Spread.Length];
}
