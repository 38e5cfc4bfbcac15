namespace AutoStack.Data.Logs;

/// <summary>Why lines of a deployment were not stored.</summary>
internal enum LogAppendOutcome
{
    /// <summary>The deployment does not exist.</summary>
    Missing,

    /// <summary>Another transaction holds the deployment's log or row; nothing was stored, and a later attempt may succeed.</summary>
    Held,

    /// <summary>The log has reached its maximum size; the lines after it are dropped.</summary>
    Full,
}

/// <summary>How an append of lines ended.</summary>
/// <param name="Results">The deployments whose lines were not stored, or not all of them.</param>
/// <param name="IsRepeated">
/// True when the connection of a first attempt was lost: that attempt may still run, hold the logs itself, and store the lines.
/// </param>
internal sealed record LogAppend(IReadOnlyList<LogAppendResult> Results, bool IsRepeated);

/// <summary>What happened to a deployment's lines when not all of them were stored.</summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="Outcome">The reason.</param>
/// <param name="Dropped">The number of lines beyond the maximum size.</param>
internal readonly record struct LogAppendResult(Guid DeploymentId, LogAppendOutcome Outcome, int Dropped)
{
    public static LogAppendResult Of(Guid deploymentId, bool exists, bool isLocked, int dropped) =>
        new(deploymentId, isLocked ? LogAppendOutcome.Full : exists ? LogAppendOutcome.Held : LogAppendOutcome.Missing, dropped);
}
