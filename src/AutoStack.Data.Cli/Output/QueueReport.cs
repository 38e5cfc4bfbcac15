using AutoStack.Data.Deployments;

namespace AutoStack.Data.Cli.Output;

/// <summary>The state of the queue after a verb.</summary>
/// <param name="Outcome">What the verb did; null for one that only looks.</param>
/// <param name="Counts">What waits.</param>
/// <param name="Pauses">The pauses, up to a page.</param>
/// <param name="More">Whether there are further pauses.</param>
internal sealed record QueueReport(string? Outcome, QueueCounts Counts, IReadOnlyList<QueuePause> Pauses, bool More);
