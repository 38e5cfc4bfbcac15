using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>The services that every path into a log shares.</summary>
/// <param name="Clock">The clock that stamps lines without a time of their own.</param>
/// <param name="Secrets">The values that are masked in lines.</param>
/// <param name="Notifier">Notifies followers of new lines.</param>
/// <param name="Writer">The bounds of lines, logs and buffers.</param>
/// <param name="SearchTime">The maximum duration of one search.</param>
internal sealed record LogContext(
    TimeProvider Clock, LogSecrets Secrets, Notifier Notifier, LogWriterOptions Writer, TimeSpan SearchTime)
{
    /// <summary>Whether other nodes may have the lines: the feature <c>citus</c>.</summary>
    public RecentAnswer HasNodes { get; } = new(Clock);
}
