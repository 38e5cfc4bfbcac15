namespace AutoStack.Data.Migrations;

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

    /// <summary>A policy of row level security.</summary>
    Policy,

    /// <summary>Row level security of a table: enabled, or forced on the owner, too. The name is that of the table.</summary>
    RowSecurity,

    /// <summary>The owner of a table or function, whose name is that of the difference.</summary>
    Owner,

    /// <summary>An event trigger of the database.</summary>
    EventTrigger,

    /// <summary>A setting of the server, the database or a role: <c>database autostack search_path</c>.</summary>
    Setting,
}
