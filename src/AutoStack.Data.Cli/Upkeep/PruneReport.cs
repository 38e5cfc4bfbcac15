using AutoStack.Data.Retention;

namespace AutoStack.Data.Cli.Upkeep;

/// <summary>What <c>prune</c> would remove now.</summary>
/// <param name="Where">The server and database, for people.</param>
/// <param name="Counts">The rows of each table.</param>
/// <param name="MissingRights">The rights that the role lacks for the removal.</param>
/// <param name="NotVisible">The tables whose rows the role may not count.</param>
internal sealed record PrunePlan(
    string Where, IReadOnlyList<RetentionCount> Counts, IReadOnlyList<string> MissingRights, IReadOnlyList<string> NotVisible);

/// <summary>What <c>prune</c> has removed.</summary>
/// <param name="Run">The run.</param>
/// <param name="Elapsed">Its duration, pauses included.</param>
/// <param name="Durations">The duration of each table, pauses included.</param>
internal sealed record PruneReport(RetentionRun Run, TimeSpan Elapsed, IReadOnlyDictionary<string, TimeSpan> Durations);
