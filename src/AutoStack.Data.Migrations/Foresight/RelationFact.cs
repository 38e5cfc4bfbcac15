namespace AutoStack.Data.Migrations.Internal;

/// <summary>A table, index, view or sequence that exists.</summary>
/// <param name="Oid">Its number in the catalog.</param>
/// <param name="Schema">Its schema.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind"><c>pg_class.relkind</c>.</param>
/// <param name="Owner">The role that owns it.</param>
/// <param name="IsOwner">True when this role may act as the owner.</param>
/// <param name="OwnsSchema">True when this role may act as the owner of the schema.</param>
/// <param name="Table">The table of an index; null for any other kind.</param>
/// <param name="IsValid">False for the index of a build that failed.</param>
/// <param name="Privileges">The privileges of this role on its rows: <c>INSERT</c>, <c>UPDATE</c>, <c>DELETE</c>, <c>TRUNCATE</c>.</param>
internal sealed record RelationFact(
    uint Oid, string Schema, string Name, string Kind, string Owner, bool IsOwner, bool OwnsSchema, string? Table, bool IsValid,
    IReadOnlyList<string> Privileges)
{
    /// <summary>The name for a statement.</summary>
    public string Sql => Names.Sql(Schema, Name);

    /// <summary>The name for people: without the schema <c>public</c>.</summary>
    public string Text => Schema == "public" ? Name : $"{Schema}.{Name}";

    /// <summary>The kind in words.</summary>
    public string Words => Kind switch
    {
        "i" or "I" => "index",
        "v" => "view",
        "m" => "materialized view",
        "S" => "sequence",
        "c" => "type",
        "f" => "foreign table",
        _ => "table",
    };

    /// <summary>The kind in a statement that renames it.</summary>
    public string Verb => Words.ToUpperInvariant();
}
