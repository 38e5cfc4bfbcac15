namespace AutoStack.Data.Logs;

/// <summary>Why lines of a deployment are not stored.</summary>
internal enum LogState
{
    /// <summary>There is no such deployment.</summary>
    Missing,

    /// <summary>Another transaction holds its log or its row; nothing was stored, and the same may be stored later.</summary>
    Held,

    /// <summary>Its log has reached its bound; the lines behind it are dropped.</summary>
    Full,
}

/// <summary>What became of a deployment's lines that are not stored, or not all of them.</summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="State">Why.</param>
/// <param name="Dropped">The number of lines behind the bound.</param>
internal readonly record struct LogOutcome(Guid DeploymentId, LogState State, int Dropped)
{
    public static LogOutcome Of(Guid deploymentId, bool isThere, bool isLocked, int dropped) =>
        new(deploymentId, isLocked ? LogState.Full : isThere ? LogState.Held : LogState.Missing, dropped);
}
