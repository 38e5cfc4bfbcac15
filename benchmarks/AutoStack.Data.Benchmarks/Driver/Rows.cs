using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Driver;

/// <summary>The rows by typed getters at fixed places, as the records of the library: what is compared is the way there.</summary>
internal static class Rows
{
    public static Deployment Deployment(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        ProjectId = row.GetGuid(1),
        UserId = row.GetGuid(2),
        Status = DeploymentStatus.From(row.GetString(3)),
        Branch = TextOrNull(row, 4),
        CommitHash = TextOrNull(row, 6) ?? TextOrNull(row, 5),
        CommitMessage = TextOrNull(row, 7),
        Author = TextOrNull(row, 8),
        CommitTimestamp = TimeOrNull(row, 9),
        CreatorType = CreatorType.From(row.GetString(10)),
        IsProduction = row.GetBoolean(11),
        BuildDurationSeconds = IntOrNull(row, 12),
        FailedReason = TextOrNull(row, 13),
        DeployedUrl = TextOrNull(row, 14),
        StartedAt = TimeOrNull(row, 15),
        CompletedAt = TimeOrNull(row, 16),
        CreatedAt = Time(row, 17),
        IsDeleted = row.GetBoolean(18),
    };

    public static DeploymentWithProject DeploymentWithProject(NpgsqlDataReader row) => new(Deployment(row), new Project
    {
        Id = row.GetGuid(19),
        UserId = row.GetGuid(20),
        Name = row.GetString(21),
        Repository = row.GetString(22),
        Branch = row.GetString(23),
        BuildCommand = row.GetString(24),
        OutputDir = row.GetString(25),
        GitHubRepoId = TextOrNull(row, 26),
        Runtime = ProjectRuntime.From(row.GetString(27)),
        AutoDeployEnabled = row.GetBoolean(28),
        AutoDeployBranch = TextOrNull(row, 29),
        JenkinsJobName = TextOrNull(row, 30),
        CreatedAt = Time(row, 31),
        UpdatedAt = Time(row, 32),
        Provider = row.IsDBNull(33) ? null : WebhookProvider.From(row.GetString(33)),
        ProviderHost = TextOrNull(row, 34),
        ProviderRepositoryId = TextOrNull(row, 35),
        AccessProvenAt = TimeOrNull(row, 36),
    });

    public static DeploymentLog Log(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        DeploymentId = row.GetGuid(1),
        Timestamp = Time(row, 2),
        Level = row.IsDBNull(3) ? null : DeploymentLogLevel.From(row.GetString(3)),
        Message = row.GetString(4),
        CreatedAt = Time(row, 5),
        Seq = row.GetInt64(6),
    };

    public static DeploymentStage Stage(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        DeploymentId = row.GetGuid(1),
        Name = StageName.From(row.GetString(2)),
        Status = StageStatus.From(row.GetString(3)),
        StartedAt = TimeOrNull(row, 4),
        CompletedAt = TimeOrNull(row, 5),
        ErrorMessage = TextOrNull(row, 6),
        CreatedAt = Time(row, 7),
    };

    public static DeploymentContainer Container(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        DeploymentId = row.GetGuid(1),
        ContainerId = row.GetString(2),
        Image = row.GetString(3),
        Host = row.GetString(4),
        Port = row.GetInt32(5),
        Status = ContainerStatus.From(row.GetString(6)),
        CreatedAt = Time(row, 7),
        StoppedAt = TimeOrNull(row, 8),
    };

    public static RunningContainer RunningContainer(NpgsqlDataReader row) =>
        new(Container(row), row.GetGuid(9), row.GetGuid(10), TextOrNull(row, 11));

    public static DeploymentHealthCheck HealthCheck(NpgsqlDataReader row) => new()
    {
        Id = row.GetGuid(0),
        DeploymentId = row.GetGuid(1),
        Url = row.GetString(2),
        HttpStatus = IntOrNull(row, 3),
        LatencyMs = IntOrNull(row, 4),
        IsLive = row.GetBoolean(5),
        CheckedAt = Time(row, 6),
    };

    private static string? TextOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static int? IntOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt32(column);

    private static DateTimeOffset Time(NpgsqlDataReader row, int column) => new(row.GetDateTime(column).Ticks, TimeSpan.Zero);

    private static DateTimeOffset? TimeOrNull(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : Time(row, column);
}
