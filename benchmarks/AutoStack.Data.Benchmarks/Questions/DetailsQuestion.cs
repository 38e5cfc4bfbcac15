using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using BenchmarkDotNet.Attributes;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>A deployment with its project, its last 200 log lines, stages, containers and health checks.</summary>
public abstract class DetailsQuestion : CallQuestion
{
    private const int MaxLogs = 200;
    private const int MaxRows = 100;
    private const string IsOpen = "NOT EXISTS (SELECT FROM users c WHERE c.id = $2 AND c.closed_at IS NOT NULL)";

    private const string Owned =
        $"EXISTS (SELECT FROM deployments d WHERE d.id = $1 AND d.user_id = $2 AND NOT d.is_deleted) AND {IsOpen}";

    private const string Self = $"""
        SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}
        FROM deployments d
        JOIN projects p ON p.id = d.project_id
        WHERE d.id = $1 AND d.user_id = $2 AND NOT d.is_deleted AND {IsOpen}
        """;

    private const string Logs = $"""
        SELECT {DeploymentLogRepository.Columns}
        FROM deployment_logs l
        WHERE l.deployment_id = $1 AND l.seq <= $3 AND {Owned}
        ORDER BY l.seq DESC
        LIMIT (SELECT $4::int)
        """;

    private const string Stages = $"""
        SELECT {DeploymentStageRepository.Columns}
        FROM deployment_stages s
        WHERE s.deployment_id = $1 AND {Owned}
        ORDER BY {DeploymentStageRepository.InOrder}
        LIMIT $3
        """;

    private const string Containers = $"""
        SELECT {DeploymentContainerRepository.Columns}
        FROM deployment_containers c
        WHERE c.deployment_id = $1 AND {Owned}
        ORDER BY c.created_at DESC, c.id DESC
        LIMIT $3
        """;

    private const string HealthChecks = $"""
        SELECT {DeploymentHealthCheckRepository.Columns}
        FROM deployment_health_checks h
        WHERE h.deployment_id = $1 AND {Owned}
        ORDER BY h.checked_at DESC, h.id DESC
        LIMIT (SELECT $3::int)
        """;

    private IDeploymentRepository deployments = null!;

    private protected virtual Owned Deployment => Fixtures.Ordinary;

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        deployments = Subjects.Get<IDeploymentRepository>();
    }

    private protected override async Task<int> DriverAsync(NpgsqlDataSource source)
    {
        var (id, ownerId) = Deployment;
        await using var connection = await source.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Raw.Command(Self, Raw.Uuid(id), Raw.Uuid(ownerId)));
        batch.BatchCommands.Add(Raw.Command(Logs, Raw.Uuid(id), Raw.Uuid(ownerId), Raw.Bigint(long.MaxValue), Raw.Integer(MaxLogs)));
        batch.BatchCommands.Add(Raw.Command(Stages, Raw.Uuid(id), Raw.Uuid(ownerId), Raw.Integer(MaxRows)));
        batch.BatchCommands.Add(Raw.Command(Containers, Raw.Uuid(id), Raw.Uuid(ownerId), Raw.Integer(MaxRows)));
        batch.BatchCommands.Add(Raw.Command(HealthChecks, Raw.Uuid(id), Raw.Uuid(ownerId), Raw.Integer(MaxRows)));
        await using var reader = await batch.ExecuteReaderAsync();
        var self = await Raw.ListAsync(reader, Rows.DeploymentWithProject);
        await reader.NextResultAsync();
        var logs = await Raw.ListAsync(reader, Rows.Log);
        logs.Reverse();
        await reader.NextResultAsync();
        var stages = await Raw.ListAsync(reader, Rows.Stage);
        await reader.NextResultAsync();
        var containers = await Raw.ListAsync(reader, Rows.Container);
        await reader.NextResultAsync();
        var checks = await Raw.ListAsync(reader, Rows.HealthCheck);
        return self.Count + logs.Count + stages.Count + containers.Count + checks.Count;
    }

    [Benchmark(Description = Subjects.Library)]
    public async Task<int> Library()
    {
        var (id, ownerId) = Deployment;
        var details = (await deployments.FindDetailsAsync(id, ownerId, MaxLogs, CancellationToken.None))!;
        return 1 + details.Logs.Count + details.Stages.Count + details.Containers.Count + details.HealthChecks.Count;
    }

    /// <summary>
    /// A split query, and one for the lines: a limit on an included collection would number every line of the table, which takes a thousand
    /// times as long.
    /// </summary>
    [Benchmark(Description = Subjects.EfCore)]
    public async Task<int> EfCoreSplitQuery()
    {
        var (id, ownerId) = Deployment;
        await using var context = Subjects.CreateContext();
        var details = (await context.Deployments
            .AsSplitQuery()
            .Include(d => d.Project)
            .Include(d => d.Stages.OrderBy(s => s.CreatedAt).ThenBy(s => s.Id))
            .Include(d => d.Containers.OrderByDescending(c => c.CreatedAt).ThenByDescending(c => c.Id))
            .Include(d => d.HealthChecks.OrderByDescending(h => h.CheckedAt).ThenByDescending(h => h.Id))
            .FirstOrDefaultAsync(d => d.Id == id && d.UserId == ownerId && !d.IsDeleted))!;
        var logs = await context.Logs.Where(l => l.DeploymentId == id).OrderByDescending(l => l.Seq).Take(MaxLogs).ToListAsync();
        logs.Reverse();
        return 1 + logs.Count + details.Stages.Count + details.Containers.Count + details.HealthChecks.Count;
    }
}
