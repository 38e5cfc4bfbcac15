using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Shows a catalog as if names were the expected ones, so that a renamed or moved object counts as one difference and not as one of every
/// definition that mentions it.
/// </summary>
internal static class Rewriting
{
    /// <summary>A table of <c>public</c> under another name.</summary>
    public static Catalog Table(Catalog found, CatalogObject from, string to)
    {
        var name = Word($"public.{from.Sql}");
        return Map(found, o =>
        {
            var moved = o.Table != from.Table ? o : o with { Table = to, Name = o.Kind == SchemaObjectKind.Table ? to : o.Name };
            return moved with { Definition = name.Replace(o.Definition, $"public.{to}") };
        });
    }

    /// <summary>A table or function that is in another schema.</summary>
    public static Catalog Schema(Catalog found, string schemaSql, string name)
    {
        var qualified = Word($"{schemaSql}.{name}");
        return Map(found, o => o with { Definition = qualified.Replace(o.Definition, $"public.{name}") });
    }

    /// <summary>A function of <c>public</c> under another name.</summary>
    public static Catalog Function(Catalog found, CatalogObject from, CatalogObject to)
    {
        var (old, now) = (NameOf(from), NameOf(to));
        var name = Word($"public.{old}");
        return Map(found, o =>
        {
            var named = o.Key == from.Key ? o with { Name = to.Name, Sql = "public." + to.Name } : o;
            return named with { Definition = name.Replace(o.Definition, $"public.{now}") };
        });
    }

    /// <summary>A column under another name.</summary>
    public static Catalog Column(Catalog found, CatalogObject from, string to) => Map(found, o =>
        o.Key == from.Key ? o with { Name = to, Sql = to } : o with { Definition = ColumnOf(o, from, to) });

    /// <summary>The definition of an object after a column has another name.</summary>
    public static string ColumnOf(CatalogObject o, CatalogObject from, string to) =>
        o.Table == from.Table && o.Kind is SchemaObjectKind.Index or SchemaObjectKind.Constraint or SchemaObjectKind.Trigger
            ? Word(from.Sql).Replace(o.Definition, to)
        : o.Kind == SchemaObjectKind.Constraint && Repair.Referenced(o) == from.Table
            ? Regex.Replace(o.Definition, $@"(?<=REFERENCES public\.{from.Table}\([^()]*){Word(from.Sql)}", to)
        : o.Definition;

    /// <summary>The name of a function without its arguments.</summary>
    public static string NameOf(CatalogObject function) => function.Name.Split('(')[0];

    private static Catalog Map(Catalog found, Func<CatalogObject, CatalogObject> change) => new([.. found.Objects.Select(change)]);

    private static Regex Word(string name) => new($@"(?<![\w"".]){Regex.Escape(name)}(?![\w""])", RegexOptions.CultureInvariant);
}
