namespace AutoStack.Data.Logs;

/// <summary>
/// Lines that <see cref="IDeploymentLogWriter"/> had taken were refused by the database; the first refusal's exception is inside. What
/// else was written is stored.
/// </summary>
public sealed class LogLinesRefusedException : AutoStackDataException
{
    internal LogLinesRefusedException(IReadOnlyList<Guid> deploymentIds, long lines, Exception cause)
        : base($"{lines} log lines were refused and are not stored: {cause.Message}", cause) =>
        (DeploymentIds, Lines) = (deploymentIds, lines);

    /// <summary>Whose lines they were; of very many deployments the first 100.</summary>
    public IReadOnlyList<Guid> DeploymentIds { get; }

    /// <summary>How many lines.</summary>
    public long Lines { get; }
}
