namespace AutoStack.Data.Integrity;

/// <summary>Which checks a verification makes, and how much of each table it reads.</summary>
public sealed record VerificationOptions
{
    /// <summary>The maximum of <see cref="StatementTimeout"/>.</summary>
    public static TimeSpan MaxStatementTimeout { get; } = TimeSpan.FromHours(24);

    /// <summary>The names of all checks, in the order of a run.</summary>
    public static IReadOnlyList<string> CheckNames { get; } = [.. IntegrityRules.All.Select(rule => rule.Name)];

    /// <summary>The names of the checks to make, of <see cref="CheckNames"/>; empty for all.</summary>
    public IReadOnlyList<string> Checks { get; init; } = [];

    /// <summary>
    /// The part of each table that is read, above 0 and up to 1; 1 (the default) reads all rows. A sample is made of ranges of pages that
    /// are spread over the table; a table of up to 64 pages is read whole. A sample compares its rows with whatever they refer to.
    /// </summary>
    public double Sample { get; init; } = 1;

    /// <summary>
    /// The time limit of a statement: one millisecond to <see cref="MaxStatementTimeout"/>; 30 s unless set. The command timeout of the
    /// connection also applies. A range of rows that takes longer is read in smaller ones; an index that takes longer is not checked.
    /// </summary>
    public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The maximum number of rows that a finding names, 1 to 100; it counts all of them.</summary>
    public int Examples { get; init; } = 10;
}
