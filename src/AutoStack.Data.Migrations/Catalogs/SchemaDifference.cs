namespace AutoStack.Data.Migrations;

/// <summary>One object that differs from what the scripts create.</summary>
/// <param name="Kind">The kind of object.</param>
/// <param name="Name">
/// The name of the object; that of a column, constraint, index or trigger follows its table's: <c>users.email</c>.
/// </param>
/// <param name="Expected">The definition that the scripts create; null when the scripts create no such object.</param>
/// <param name="Found">The definition in the database; null when the database has no such object.</param>
/// <param name="Message">The difference in a sentence.</param>
/// <param name="Statements">
/// The statements that repair the difference, to run in this order and outside a transaction (indexes are built concurrently). Empty when
/// no statement can repair it.
/// </param>
public sealed record SchemaDifference(
    SchemaObjectKind Kind, string Name, string? Expected, string? Found, string Message, IReadOnlyList<string> Statements)
{
    /// <summary>
    /// True when the difference is no drift: an extra index that refuses no row, or an index that a pending version creates.
    /// </summary>
    public bool IsRemark { get; init; }

    /// <summary>True when the statements delete data.</summary>
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

    /// <summary>A column: type, nullability, default. The order of columns is not compared.</summary>
    Column,

    /// <summary>A primary, unique or foreign key, a check or an exclusion.</summary>
    Constraint,

    /// <summary>An index that does not belong to a constraint.</summary>
    Index,

    /// <summary>A trigger.</summary>
    Trigger,

    /// <summary>A rewrite rule.</summary>
    Rule,
}
