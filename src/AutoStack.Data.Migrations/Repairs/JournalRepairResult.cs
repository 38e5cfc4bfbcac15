namespace AutoStack.Data.Migrations;

/// <summary>What a repair of the journal mended, or would mend.</summary>
/// <param name="Repaired">The faults that are mended, in the order of the work; <see cref="JournalFinding.Repair"/> says how.</param>
/// <param name="Left">The faults that a person has to decide; <see cref="JournalFinding.Command"/> mends each.</param>
public sealed record JournalRepairResult(IReadOnlyList<JournalFinding> Repaired, IReadOnlyList<JournalFinding> Left)
{
    /// <summary>The missing scripts that ran; those of a plan would run.</summary>
    public IReadOnlyList<string> Run { get; init; } = [];

    /// <summary>True when the journal has no fault, or no fault any more.</summary>
    public bool IsSound => Left.Count == 0;
}
