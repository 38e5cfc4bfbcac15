namespace AutoStack.Data.Migrations;

/// <summary>What <see cref="SchemaMigrator.CheckAsync"/> found.</summary>
/// <param name="History">The versions: which are applied, pending, changed or unknown.</param>
/// <param name="Differences">
/// The differences between the database and what the scripts create up to its version, ordered so that their statements can run in that
/// order. Empty when the database has a version that this package does not know, because the package cannot know what that version creates.
/// </param>
public sealed record SchemaCheckResult(SchemaHistory History, IReadOnlyList<SchemaDifference> Differences)
{
    /// <summary>The objects of other roles on the search path whose names are PostgreSQL's own; empty when there are none.</summary>
    public IReadOnlyList<ForeignObject> ForeignObjects { get; init; } = [];

    /// <summary>
    /// The schemas on the search path in which every role may create objects; empty when there are none. An open schema is no drift.
    /// </summary>
    public IReadOnlyList<OpenSchema> OpenSchemas { get; init; } = [];

    /// <summary>
    /// True when the options of the migrator allow foreign objects: <see cref="ForeignObjects"/> lists them, and they are no drift.
    /// </summary>
    public bool AllowsForeignObjects { get; init; }

    /// <summary>
    /// The version of the core whose objects the database has, when that is not the journal's; null when the journal is right.
    /// </summary>
    public DetectedVersion? Detected { get; init; }

    /// <summary>The differences that <see cref="SchemaMigratorOptions.Ignored"/> names; they are no drift.</summary>
    public IReadOnlyList<SchemaDifference> Ignored { get; init; } = [];

    /// <summary>The lines of <see cref="SchemaMigratorOptions.Ignored"/> that name no difference.</summary>
    public IReadOnlyList<IgnoreLine> UnusedIgnores { get; init; } = [];

    /// <summary>The versions that are not applied yet and the changed repeatable scripts, set by set, in the order of an upgrade.</summary>
    public IEnumerable<VersionStatus> Pending => History.Sets.SelectMany(set => set.Versions).Where(v => v.State == VersionState.Pending);

    /// <summary>
    /// True when the database is not what its journal says: a difference that is more than a remark, a script that was changed after it was
    /// applied, a version that the given scripts do not have, a gap or a doubled row in the journal, or a foreign object that is not
    /// allowed.
    /// </summary>
    public bool HasDrifted =>
        Differences.Any(d => !d.IsRemark)
        || (ForeignObjects.Count > 0 && !AllowsForeignObjects)
        || History.Sets.Any(set => set.HasGap || set.Doubled.Count > 0)
        || History.Sets.SelectMany(set => set.Versions).Any(v => v.State is VersionState.Changed or VersionState.Unknown);

    /// <summary>True when every script of the given sets is applied and the database is what the scripts create.</summary>
    public bool IsClean => !HasDrifted && !Pending.Any();
}
