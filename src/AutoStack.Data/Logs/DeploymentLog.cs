using System.Globalization;

namespace AutoStack.Data.Logs;

/// <summary>One line that a build wrote.</summary>
public sealed record DeploymentLog
{
    /// <summary>The id.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment.</summary>
    public required Guid DeploymentId { get; init; }

    /// <summary>When the line was written; for people to read, not for order.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>How serious it is; null in rows that do not say.</summary>
    public required DeploymentLogLevel? Level { get; init; }

    /// <summary>The line.</summary>
    public required string Message { get; init; }

    /// <summary>When the line was stored.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The place of the line in its deployment: 1, 2, 3, … in the order of commits.</summary>
    public required long Seq { get; init; }
}

/// <summary>A line to be stored.</summary>
public sealed record NewDeploymentLog
{
    /// <summary>The id; null to have one made. A line whose id the deployment has already is not stored again.</summary>
    public Guid? Id { get; init; }

    /// <summary>When the line was written; null for the present moment.</summary>
    public DateTimeOffset? Timestamp { get; init; }

    /// <summary>How serious it is; null to not say.</summary>
    public DeploymentLogLevel? Level { get; init; }

    /// <summary>The line. U+0000 and halves of surrogate pairs, which PostgreSQL cannot store, become U+FFFD.</summary>
    public required string Message { get; init; }
}

/// <summary>A place in the log of a deployment. It stays valid: lines are only ever added behind the last.</summary>
/// <param name="Seq">The number of the line just before the place.</param>
public readonly record struct LogCursor(long Seq)
{
    /// <summary>Before the first line.</summary>
    public static LogCursor Start { get; }

    /// <summary>Behind every line.</summary>
    public static LogCursor End { get; } = new(long.MaxValue);

    /// <summary>The number, to be kept or sent and read by <see cref="TryParse"/>.</summary>
    /// <returns>The number in decimal.</returns>
    public override string ToString() => Seq.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <param name="text">The text.</param>
    /// <param name="cursor">The cursor, when the text is one.</param>
    /// <returns>False when the text is no number from 0 up.</returns>
    public static bool TryParse(string? text, out LogCursor cursor)
    {
        var valid = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq);
        cursor = new LogCursor(seq);
        return valid;
    }
}

/// <summary>Some lines of a log.</summary>
/// <param name="Lines">The lines, the oldest first.</param>
/// <param name="Before">Where to read back from: the place before the first line.</param>
/// <param name="After">Where to read on from: the place behind the last line.</param>
public sealed record LogPage(IReadOnlyList<DeploymentLog> Lines, LogCursor Before, LogCursor After);

/// <summary>What a search in a log has found so far.</summary>
/// <param name="Lines">The lines that contain the text, oldest first.</param>
/// <param name="After">Where to continue: the place after the last line searched.</param>
/// <param name="IsComplete">
/// True when the search has reached the end of the log; false when it stopped at its limit or at the end of its time.
/// </param>
/// <param name="LinesSearched">The number of lines searched by this call.</param>
public sealed record LogSearchResult(IReadOnlyList<DeploymentLog> Lines, LogCursor After, bool IsComplete, int LinesSearched);
