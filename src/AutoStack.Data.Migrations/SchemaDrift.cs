namespace AutoStack.Data.Migrations;

/// <summary>What <see cref="SchemaMigrator.CheckAsync"/> found.</summary>
/// <param name="History">The versions: which are applied, pending, changed or unknown.</param>
/// <param name="Differences">
/// Between the database and what the scripts make up to its version, in an order in which their statements can be run. Empty when the database has
/// a version that this package does not know: what such a version makes, it cannot tell.
/// </param>
public sealed record SchemaDrift(SchemaHistory History, IReadOnlyList<SchemaDifference> Differences)
{
    /// <summary>What other roles have put on the search path under names of PostgreSQL's own; empty when there is nothing.</summary>
    public IReadOnlyList<ForeignObject> ForeignObjects { get; init; } = [];

    /// <summary>The schemas on the search path in which every role may create objects; empty when there is none. No drift.</summary>
    public IReadOnlyList<OpenSchema> OpenSchemas { get; init; } = [];

    /// <summary>True when the options of the migrator allow foreign objects: they are listed, and are no drift.</summary>
    public bool AllowsForeignObjects { get; init; }

    /// <summary>The versions that are not applied yet, the first one first.</summary>
    public IEnumerable<VersionStatus> Pending => History.Versions.Where(v => v.State == VersionState.Pending);

    /// <summary>
    /// True when the database is not what its journal says: a difference that is more than a remark, a script that was changed after it had been
    /// applied, a version that is unknown to this package, or a foreign object that is not allowed.
    /// </summary>
    public bool HasDrifted =>
        Differences.Any(d => !d.IsRemark) || (ForeignObjects.Count > 0 && !AllowsForeignObjects) || History.Versions.Any(v => v.State is VersionState.Changed or VersionState.Unknown);

    /// <summary>True when every script of this package is applied and the database is what they make.</summary>
    public bool IsClean => !HasDrifted && !Pending.Any();
}

/// <summary>One object that is not as the scripts make it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name, that of a column, constraint, index or trigger after its table's: <c>users.email</c>.</param>
/// <param name="Expected">Its definition as the scripts make it; null when they make no such object.</param>
/// <param name="Found">Its definition in the database; null when it is not there.</param>
/// <param name="Message">The difference in a sentence.</param>
/// <param name="Statements">
/// What mends it, to be run in this order and outside a transaction (indexes are built concurrently). Empty where no statement could.
/// </param>
public sealed record SchemaDifference(
    SchemaObjectKind Kind, string Name, string? Expected, string? Found, string Message, IReadOnlyList<string> Statements)
{
    /// <summary>True when it is no drift, only worth knowing: an index beside ours that refuses nothing, or one that a pending version makes.</summary>
    public bool IsRemark { get; init; }

    /// <summary>True when the statements throw data away.</summary>
    public bool LosesData { get; init; }
}

/// <summary>The kinds of object that a check compares.</summary>
public enum SchemaObjectKind
{
    /// <summary>An extension of the server.</summary>
    Extension,

    /// <summary>A function; its name includes the types of its arguments.</summary>
    Function,

    /// <summary>A table.</summary>
    Table,

    /// <summary>A column: type, nullability, default. Its place among the others does not matter.</summary>
    Column,

    /// <summary>A primary, unique or foreign key, a check or an exclusion.</summary>
    Constraint,

    /// <summary>An index that is no constraint's.</summary>
    Index,

    /// <summary>A trigger.</summary>
    Trigger,

    /// <summary>A rewrite rule.</summary>
    Rule,
}
