namespace AutoStack.Data.Migrations;

/// <summary>What would stop a run, found before it starts.</summary>
/// <param name="Kind">The kind of obstacle.</param>
/// <param name="Script">The file name of the first script that it stops; null when it stops the run as a whole.</param>
/// <param name="What">The problem, as a sentence.</param>
/// <param name="Mend">How to remove the obstacle; a statement where one suffices.</param>
/// <param name="Objects">The names of the objects that are in the way; empty when there are none.</param>
public sealed record Obstacle(ObstacleKind Kind, string? Script, string What, string Mend, IReadOnlyList<string> Objects)
{
    /// <summary>Formats the obstacle in one line, for people.</summary>
    /// <returns>The script, the problem and the mend.</returns>
    public override string ToString() => $"{(Script is null ? "" : Script + ": ")}{What} {Mend}";
}

/// <summary>The kinds of obstacle.</summary>
public enum ObstacleKind
{
    /// <summary>The server is a standby, which accepts no writes.</summary>
    Standby,

    /// <summary>Transactions of this role or database are read-only by default.</summary>
    ReadOnly,

    /// <summary>The role may not create objects in a schema or in the database.</summary>
    NoCreate,

    /// <summary>Objects belong to another role, and only their owner may change them.</summary>
    NotOwner,

    /// <summary>The role may not write rows of a table.</summary>
    NoWrite,

    /// <summary>An extension is not installed on the server, or this role may not create it.</summary>
    Extension,

    /// <summary>Another object has the name of one that a script creates.</summary>
    NameTaken,

    /// <summary>Views or other objects depend on what a script changes or drops.</summary>
    Dependents,

    /// <summary>The encoding of the database is not UTF8.</summary>
    Encoding,

    /// <summary>A script has a line that the migrator cannot run: BEGIN, COMMIT, a command of psql, COPY FROM STDIN, SELECT INTO.</summary>
    CannotRun,

    /// <summary>A feature replaces a table that has an identity or generated column, and its scripts do not copy what fills it.</summary>
    ComputedColumn,

    /// <summary>Rows would violate a unique key or a required value that a script introduces.</summary>
    Rows,
}
