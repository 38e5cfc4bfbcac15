namespace AutoStack.Data.FaultTests.Invariants;

/// <summary>An invariant that does not hold.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Text">The row, and what the ledger says of it.</param>
internal sealed record Finding(FindingKind Kind, string Text)
{
    public override string ToString() => $"{Kind}: {Text}";
}

/// <summary>What is wrong.</summary>
internal enum FindingKind
{
    /// <summary>An acknowledged effect is not stored.</summary>
    Lost,

    /// <summary>An effect is stored, or was seen, more than once.</summary>
    Doubled,

    /// <summary>Something is stored that was refused, or that nobody sent.</summary>
    Unexpected,

    /// <summary>A log has a gap, or its lines are not in the order of their writers.</summary>
    Disordered,

    /// <summary>A part of something that is stored as a whole is missing.</summary>
    Torn,

    /// <summary>A caller was told something that no history of faults explains.</summary>
    Contradiction,

    /// <summary>A connection, a task or an object of the library is left after disposal.</summary>
    LeftBehind,
}
