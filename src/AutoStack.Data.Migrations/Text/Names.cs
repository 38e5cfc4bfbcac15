namespace AutoStack.Data.Migrations.Internal;

/// <summary>Names in statements.</summary>
internal static class Names
{
    /// <summary>Splits <c>schema.name</c>; the schema is empty when it is not written.</summary>
    public static (string Schema, string Name) Split(string name) =>
        name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? (name[..dot], name[(dot + 1)..]) : ("", name);

    /// <summary>The schema in which an object of this name is created.</summary>
    public static string SchemaOf(string name) => Split(name).Schema is { Length: > 0 } schema ? schema : "public";

    /// <summary>A name with its schema, quoted where it must be, fit to be copied from a terminal.</summary>
    public static string Sql(string schema, string name) => $"{Sql(schema)}.{Sql(name)}";

    /// <inheritdoc cref="Sql(string, string)"/>
    public static string Sql(string name) => name.Length > 0 && !char.IsAsciiDigit(name[0])
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_') ? name
        : SqlCopy.Of($"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
}
