namespace AutoStack.Data.Migrations;

/// <summary>One object that differs from what the scripts create.</summary>
/// <param name="Kind">The kind of object.</param>
/// <param name="Name">
/// The name of the object; that of a column, constraint, index, trigger, rule or policy follows its table's: <c>users.email</c>.
/// </param>
/// <param name="Expected">The definition that the scripts create; null when the scripts create no such object.</param>
/// <param name="Found">The definition in the database; null when the database has no such object.</param>
/// <param name="Message">The difference in a sentence.</param>
/// <param name="Repairs">
/// The statements that repair the difference, to run in this order and outside a transaction (indexes are built concurrently). Empty when
/// no statement can repair it: <see cref="Obstacles"/> then says why, or the object <see cref="Protects"/>.
/// </param>
public sealed record SchemaDifference(
    SchemaObjectKind Kind, string Name, string? Expected, string? Found, string Message, IReadOnlyList<RepairStatement> Repairs)
{
    /// <summary>
    /// True when the difference is no drift: an extra index that refuses no row, an index that a pending version creates, or an event
    /// trigger.
    /// </summary>
    public bool IsRemark { get; init; }

    /// <summary>
    /// True when the extra object may protect rows: row level security, a policy, a trigger, a rule, a constraint or a unique index of
    /// others. No statement removes such an object.
    /// </summary>
    public bool Protects { get; init; }

    /// <summary>What is in the way of a repair, so that there is no statement; empty when nothing is.</summary>
    public IReadOnlyList<RepairObstacle> Obstacles { get; init; } = [];

    /// <summary>The text of the statements of <see cref="Repairs"/>.</summary>
    public IReadOnlyList<string> Statements => [.. Repairs.Select(repair => repair.Sql)];

    /// <summary>True when the statements lose neither data nor security. They run as a whole or not at all.</summary>
    public bool IsSafe => Repairs.All(repair => repair.IsSafe);

    /// <summary>True when a statement deletes data.</summary>
    public bool LosesData => Repairs.Any(repair => repair.LosesData);

    /// <summary>True when the database refuses less after the statements than before.</summary>
    public bool LosesSecurity => Repairs.Any(repair => repair.LosesSecurity);
}
