using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.EntityFramework;
using AutoStack.Data.Containers;
using BenchmarkDotNet.Attributes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>A hundred running containers, as the monitor goes through them.</summary>
public class RunningContainers : CallQuestion
{
    private const int Limit = 100;

    // A page reads one row more than it returns.
    private const int Read = Limit + 1;

    private const string Sql = $"""
        SELECT {DeploymentContainerRepository.Columns}, d.project_id, d.user_id, left(d.deployed_url, 2048)
        FROM deployment_containers c
        JOIN deployments d ON d.id = c.deployment_id
        WHERE c.status = 'running' AND c.id > $1 AND d.status = 'success' AND NOT d.is_deleted
        ORDER BY c.id
        LIMIT $2
        """;

    private static readonly Func<AutoStackContext, Guid, IAsyncEnumerable<ContainerEntity>> Compiled = EF.CompileAsyncQuery(
        (AutoStackContext context, Guid afterId) => context.Containers
            .Include(c => c.Deployment)
            .Where(c => c.Status == "running" && c.Id > afterId && c.Deployment.Status == "success" && !c.Deployment.IsDeleted)
            .OrderBy(c => c.Id)
            .Take(Read));

    private IPlatformDeploymentContainerRepository containers = null!;

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        containers = Subjects.Get<IPlatformDeploymentContainerRepository>();
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source) =>
        (await Raw.ListAsync(source, Sql, Rows.RunningContainer, Raw.Uuid(Guid.Empty), Raw.Integer(Read))).Take(Limit).Count();

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library() => (await containers.ListRunningAsync(Cursor.Start, Limit, CancellationToken.None)).Items.Count;

    [Benchmark(Description = Subjects.EfCore)]
    public async Task<int> EfCore()
    {
        await using var context = Subjects.CreateContext();
        return (await context.Containers
            .Include(c => c.Deployment)
            .Where(c => c.Status == "running" && c.Id > Guid.Empty && c.Deployment.Status == "success" && !c.Deployment.IsDeleted)
            .OrderBy(c => c.Id)
            .Take(Read)
            .ToListAsync()).Take(Limit).Count();
    }

    [Benchmark(Description = Subjects.EfCoreCompiled)]
    public async Task<int> EfCoreCompiled()
    {
        await using var context = Subjects.CreateContext();
        return (await Compiled(context, Guid.Empty).ToListAsync()).Take(Limit).Count();
    }
}
