namespace AutoStack.Data.Benchmarks.EntityFramework;

/// <summary>
/// The rows as somebody would map them who takes EF Core: plain classes, navigations, without the secrets that the library does not read
/// either.
/// </summary>
public sealed class ProjectEntity
{
    public Guid Id { get; set; }

    public Guid UserId { get; set; }

    public string Name { get; set; } = "";

    public string Repository { get; set; } = "";

    public string Branch { get; set; } = "";

    public string BuildCommand { get; set; } = "";

    public string OutputDir { get; set; } = "";

    public string? GitHubRepoId { get; set; }

    public string Runtime { get; set; } = "";

    public bool AutoDeployEnabled { get; set; }

    public string? AutoDeployBranch { get; set; }

    public string? JenkinsJobName { get; set; }

    public DateTime CreatedAt { get; set; }

    public DateTime UpdatedAt { get; set; }

    public string? Provider { get; set; }

    public string? ProviderHost { get; set; }

    public string? ProviderRepositoryId { get; set; }

    public DateTime? AccessProvenAt { get; set; }
}

public sealed class DeploymentEntity
{
    public Guid Id { get; set; }

    public Guid ProjectId { get; set; }

    public Guid UserId { get; set; }

    public string Status { get; set; } = "";

    public string? Branch { get; set; }

    public string? CommitHash { get; set; }

    public string? CommitMessage { get; set; }

    public string? Author { get; set; }

    public DateTime? CommitTimestamp { get; set; }

    public string CreatorType { get; set; } = "";

    public bool IsProduction { get; set; }

    public int? BuildDurationSeconds { get; set; }

    public string? FailedReason { get; set; }

    public string? DeployedUrl { get; set; }

    public DateTime? StartedAt { get; set; }

    public DateTime? CompletedAt { get; set; }

    public DateTime CreatedAt { get; set; }

    public bool IsDeleted { get; set; }

    public ProjectEntity Project { get; set; } = null!;

    public List<LogEntity> Logs { get; } = [];

    public List<StageEntity> Stages { get; } = [];

    public List<ContainerEntity> Containers { get; } = [];

    public List<HealthCheckEntity> HealthChecks { get; } = [];
}

public sealed class LogEntity
{
    public Guid Id { get; set; }

    public Guid DeploymentId { get; set; }

    public DateTime Timestamp { get; set; }

    public string? LogLevel { get; set; }

    public string Message { get; set; } = "";

    public DateTime CreatedAt { get; set; }

    public long Seq { get; set; }

    public DeploymentEntity Deployment { get; set; } = null!;
}

public sealed class StageEntity
{
    public Guid Id { get; set; }

    public Guid DeploymentId { get; set; }

    public string StageName { get; set; } = "";

    public string Status { get; set; } = "";

    public DateTime? StartedAt { get; set; }

    public DateTime? CompletedAt { get; set; }

    public string? ErrorMessage { get; set; }

    public DateTime CreatedAt { get; set; }
}

public sealed class ContainerEntity
{
    public Guid Id { get; set; }

    public Guid DeploymentId { get; set; }

    public string ContainerId { get; set; } = "";

    public string Image { get; set; } = "";

    public string Host { get; set; } = "";

    public int Port { get; set; }

    public string Status { get; set; } = "";

    public DateTime CreatedAt { get; set; }

    public DateTime? StoppedAt { get; set; }

    public DeploymentEntity Deployment { get; set; } = null!;
}

public sealed class HealthCheckEntity
{
    public Guid Id { get; set; }

    public Guid DeploymentId { get; set; }

    public string Url { get; set; } = "";

    public int? HttpStatus { get; set; }

    public int? LatencyMs { get; set; }

    public bool IsLive { get; set; }

    public DateTime CheckedAt { get; set; }
}
