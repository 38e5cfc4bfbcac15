namespace AutoStack.Data.Logs;

/// <summary>One line that a running container, or what it runs on, wrote.</summary>
public sealed record DeploymentRuntimeLog
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>Where the line comes from.</summary>
    public required RuntimeLogSource Source { get; init; }

    /// <summary>How serious it is; null in rows that do not say, as all that this library writes.</summary>
    public required DeploymentLogLevel? Level { get; init; }

    /// <summary>The line.</summary>
    public required string Message { get; init; }

    /// <summary>When the source says that it was written; for people to read, not for order.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The place of the line in its deployment, ascending in the order of commits.</summary>
    public required long Seq { get; init; }
}

/// <summary>A line as its source has it.</summary>
/// <param name="Timestamp">When it was written, by the source's own clock; kept to the microsecond.</param>
/// <param name="Message">
/// The line. U+0000 and halves of surrogate pairs become U+FFFD; what is longer than
/// <see cref="IPlatformDeploymentRuntimeLogRepository.MaxMessageLength"/> is cut.
/// </param>
public sealed record NewDeploymentRuntimeLog(DateTimeOffset Timestamp, string Message);

/// <summary>Some lines of a runtime log.</summary>
/// <param name="Lines">The lines, the oldest first.</param>
/// <param name="Before">Where to read back from: the place before the first line.</param>
/// <param name="After">Where to read on from: the place behind the last line.</param>
public sealed record RuntimeLogPage(IReadOnlyList<DeploymentRuntimeLog> Lines, LogCursor Before, LogCursor After);
