namespace AutoStack.Data.Logs;

/// <summary>
/// The database refused lines of <see cref="IDeploymentLogWriter"/>. The inner exception is that of the first refusal. All other lines are
/// stored.
/// </summary>
public sealed class LogLinesRefusedException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of a log writer does.</summary>
    /// <param name="deploymentIds">The deployments of the refused lines.</param>
    /// <param name="lines">The number of refused lines.</param>
    /// <param name="cause">The exception of the first refusal.</param>
    public LogLinesRefusedException(IReadOnlyList<Guid> deploymentIds, long lines, Exception cause)
        : base($"{lines} log lines were refused and are not stored: {cause?.Message}", cause) =>
        (DeploymentIds, Lines) = (deploymentIds, lines);

    /// <summary>The deployments of the refused lines; at most the first 100.</summary>
    public IReadOnlyList<Guid> DeploymentIds { get; }

    /// <summary>The number of refused lines.</summary>
    public long Lines { get; }
}
