namespace AutoStack.Data.Migrations;

/// <summary>What a repair may do besides the statements that lose nothing.</summary>
public sealed class SchemaRepairOptions
{
    /// <summary>True to run statements that delete data, for example the drop of an extra column.</summary>
    public bool LoseData { get; init; }

    /// <summary>
    /// True to run statements after which the database refuses less, for example <c>DROP NOT NULL</c>. What others have added to protect
    /// rows (<see cref="SchemaDifference.Protects"/>) has no statement and stays.
    /// </summary>
    public bool LoseSecurity { get; init; }

    internal bool Allows(SchemaDifference difference) =>
        (LoseData || !difference.LosesData) && (LoseSecurity || !difference.LosesSecurity);
}
