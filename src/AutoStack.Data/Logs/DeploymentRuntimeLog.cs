namespace AutoStack.Data.Logs;

/// <summary>One line that a running container, or its host system, wrote.</summary>
public sealed record DeploymentRuntimeLog
{
    /// <summary>The maximum length of <see cref="Message"/> when written, in characters; a longer text is cut.</summary>
    public const int MaxMessageLength = 2000;

    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>The source of the line.</summary>
    public required RuntimeLogSource Source { get; init; }

    /// <summary>The severity; null when the row has none. This library stores none.</summary>
    public required DeploymentLogLevel? Level { get; init; }

    /// <summary>The text of the line.</summary>
    public required string Message { get; init; }

    /// <summary>When the line was written, as its source reports. For display; lines are ordered by <see cref="Seq"/>.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The number of the line in its deployment, ascending in the order of commits.</summary>
    public required long Seq { get; init; }

    /// <summary>The place after this line: a reader resumes there.</summary>
    public Cursor Cursor => Cursor.After(Seq);
}

/// <summary>A line as its source reports it.</summary>
/// <param name="Timestamp">When the line was written, by the source's clock; kept to the microsecond.</param>
/// <param name="Message">
/// The text of the line. U+0000 and unpaired surrogates become U+FFFD; a text longer than
/// <see cref="DeploymentRuntimeLog.MaxMessageLength"/> is cut.
/// </param>
public sealed record NewDeploymentRuntimeLog(DateTimeOffset Timestamp, string Message);
