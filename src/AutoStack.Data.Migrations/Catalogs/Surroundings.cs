namespace AutoStack.Data.Migrations.Internal;

/// <summary>What a check knows of a database besides the objects of <c>public</c>, to recognise what was renamed or moved.</summary>
/// <param name="Tables">The tables of other schemas.</param>
/// <param name="Functions">Functions of other schemas with the name and arguments of an expected one.</param>
/// <param name="EmptyColumns">Extra columns without a value, by the server's statistics.</param>
internal sealed record Surroundings(
    IReadOnlyList<ForeignTable> Tables, IReadOnlyList<ForeignFunction> Functions, IReadOnlySet<(string Table, string Column)> EmptyColumns)
{
    /// <summary>Nothing is known.</summary>
    public static Surroundings None { get; } = new([], [], new HashSet<(string, string)>());

    /// <summary>The ids of those tables and functions that were read as if they were in <c>public</c>.</summary>
    public IReadOnlySet<uint> Moved { get; init; } = new HashSet<uint>();

    /// <summary>The tables of <c>public</c> that have rows.</summary>
    public IReadOnlySet<string> Filled { get; init; } = new HashSet<string>();

    /// <summary>True for an object that an operator lists as meant: such an object is no renamed one.</summary>
    public Func<CatalogObject, bool> IsMeant { get; init; } = static _ => false;
}

/// <summary>A table outside <c>public</c>.</summary>
/// <param name="Id">Its object id.</param>
/// <param name="Schema">Its schema.</param>
/// <param name="SchemaSql">Its schema in SQL.</param>
/// <param name="Name">Its name.</param>
/// <param name="Columns">Name and type of each column: <c>id uuid</c>.</param>
/// <param name="HasRows">True when it has rows.</param>
internal sealed record ForeignTable(uint Id, string Schema, string SchemaSql, string Name, IReadOnlyList<string> Columns, bool HasRows);

/// <summary>A function outside <c>public</c>.</summary>
/// <param name="Id">Its object id.</param>
/// <param name="SchemaSql">Its schema in SQL.</param>
/// <param name="Signature">Its name with the types of its arguments.</param>
internal sealed record ForeignFunction(uint Id, string SchemaSql, string Signature);
