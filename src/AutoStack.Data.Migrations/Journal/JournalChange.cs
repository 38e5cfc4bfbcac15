namespace AutoStack.Data.Migrations;

/// <summary>
/// A change of the journal that was not the run of an up script; the table <c>public.schema_version_changes</c> keeps it.
/// </summary>
/// <param name="Id">The number of the change, from 1.</param>
/// <param name="ChangedAt">When the journal was changed, in UTC.</param>
/// <param name="ChangedBy">The login of the session that changed the journal.</param>
/// <param name="Kind">What changed the journal.</param>
/// <param name="Version">The version of the row; 0 for a repeatable script, and for the journal itself.</param>
/// <param name="Name">The name of the script; <c>schema_versions</c> for restored keys of the journal.</param>
/// <param name="OldRow">The row before the change, as JSON; null when the row was added, and for restored keys.</param>
/// <param name="NewRow">The row after the change, as JSON; null when the row was removed, and for restored keys.</param>
/// <param name="Reason">Why, in the words of the operator; null when none was given.</param>
/// <param name="ToolVersion">The version of the package that changed the journal.</param>
public sealed record JournalChange(
    long Id,
    DateTimeOffset ChangedAt,
    string ChangedBy,
    JournalChangeKind Kind,
    int Version,
    string Name,
    string? OldRow,
    string? NewRow,
    string? Reason,
    string ToolVersion)
{
    /// <summary>The name of the script set.</summary>
    public string Set { get; init; } = ScriptSet.CoreName;
}

/// <summary>What changed the journal.</summary>
public enum JournalChangeKind
{
    /// <summary>A stamp added or removed the row without running a script.</summary>
    Stamped,

    /// <summary>An adoption added the row for objects that existed.</summary>
    Adopted,

    /// <summary>A repair added, changed or removed the row.</summary>
    Repaired,

    /// <summary>A down script reverted the version.</summary>
    Downgraded,

    /// <summary>A newer package changed the row in a way that this one does not know.</summary>
    Other,
}
