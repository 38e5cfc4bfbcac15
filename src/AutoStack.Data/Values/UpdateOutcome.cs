namespace AutoStack.Data;

/// <summary>How a change of a row ended.</summary>
public enum UpdateOutcome
{
    /// <summary>The row was changed.</summary>
    Updated,

    /// <summary>The row changed since the expected version was read; nothing was changed now. Read, decide, and try again.</summary>
    Conflict,

    /// <summary>There is no such row, or it belongs to somebody else.</summary>
    NotFound,
}
