using System.Globalization;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Rows that would make a statement of a repair fail.</summary>
/// <param name="What">What is wrong with the rows, after their number and table: <c>without their row of users</c>.</param>
/// <param name="Table">The table.</param>
/// <param name="Query">The query that lists them.</param>
/// <param name="WayOut">What to do about them.</param>
internal sealed partial record RowObstacle(string What, string Table, string Query, string WayOut)
{
    /// <summary>What is counted: rows, or keys of several rows.</summary>
    private string Noun { get; init; } = "row";

    /// <summary>The rows to look for before the statements of a difference are proposed.</summary>
    /// <param name="difference">The difference.</param>
    /// <param name="found">The catalog of the database.</param>
    /// <param name="serverVersion">The major version of the server.</param>
    public static IEnumerable<RowObstacle> Of(SchemaDifference difference, Catalog found, int serverVersion)
    {
        if (difference is not { Repairs.Count: > 0, Expected: { } expected }
            || difference.Name.Split('.') is not [var table, var name] || !IsTable(found, table))
        {
            return [];
        }

        return difference.Kind switch
        {
            SchemaObjectKind.Constraint => OfConstraint(table, expected, found),
            SchemaObjectKind.Index => OfUniqueIndex(table, expected),
            SchemaObjectKind.Column => OfColumn(table, name, expected, difference.Found, found, serverVersion),
            _ => [],
        };
    }

    private static IEnumerable<RowObstacle> OfConstraint(string table, string expected, Catalog found)
    {
        if (ForeignKey().Match(expected) is { Success: true } key)
        {
            var columns = Split(key.Groups["columns"].Value);
            var keys = Split(key.Groups["keys"].Value);
            var other = key.Groups["table"].Value;
            if (IsTable(found, other))
            {
                yield return new RowObstacle($"without their row of {other}", table,
                    $"SELECT t.* FROM public.{table} t WHERE {string.Join(" AND ", columns.Select(c => $"t.{c} IS NOT NULL"))} AND NOT " +
                    $"EXISTS (SELECT FROM public.{other} o WHERE {string.Join(" AND ", columns.Zip(keys, (c, k) => $"o.{k} = t.{c}"))})",
                    $"Delete them, or add the missing rows of {other}.");
            }
        }
        else if (Check().Match(expected) is { Success: true } check)
        {
            yield return new RowObstacle("against the check", table,
                $"SELECT t.* FROM public.{table} t WHERE NOT {check.Groups["condition"].Value}", "Correct them.");
        }
        else if (Key().Match(expected) is { Success: true } unique)
        {
            yield return Duplicates(table, unique.Groups["columns"].Value, "");
            if (unique.Groups["kind"].Value == "PRIMARY KEY")
            {
                var columns = Split(unique.Groups["columns"].Value);
                yield return WithoutValue(table, string.Join(" OR ", columns.Select(c => $"t.{c} IS NULL")), string.Join(", ", columns));
            }
        }
    }

    private static IEnumerable<RowObstacle> OfUniqueIndex(string table, string expected) =>
        UniqueIndex().Match(expected) is { Success: true } index
            ? [Duplicates(table, index.Groups["columns"].Value, index.Groups["condition"].Value)]
            : [];

    private static IEnumerable<RowObstacle> OfColumn(
        string table, string name, string expected, string? there, Catalog found, int serverVersion)
    {
        var wanted = Parts(expected);
        var column = found.Find(new CatalogObject(SchemaObjectKind.Column, table, name, ""));
        if (there is null)
        {
            if (wanted is { Required: true, Default: null })
            {
                yield return new RowObstacle($"without a value for {name}", table, $"SELECT t.* FROM public.{table} t",
                    $"Add the column without NOT NULL, give the rows a value, run check again.");
            }

            yield break;
        }

        var actual = Parts(there);
        if (column is null || actual.Generated is not null)
        {
            yield break;
        }

        if (wanted.Required && (!actual.Required || actual.Unchecked))
        {
            yield return WithoutValue(table, $"t.{column.Sql} IS NULL", name);
        }

        if (wanted.Type != actual.Type && Unfit(column.Sql, actual.Type, wanted.Type, serverVersion) is { } unfit)
        {
            yield return new RowObstacle($"with a value in {name} that does not fit {wanted.Type}", table,
                $"SELECT t.* FROM public.{table} t WHERE {unfit}", "Correct them: no value is cut or rounded.");
        }
    }

    // A view would run the code of its owner.
    private static bool IsTable(Catalog found, string name) =>
        found.Find(new CatalogObject(SchemaObjectKind.Table, name, name, "")) is { } table && !TableComparison.IsReplaced(table);

    private static string? Unfit(string column, string from, string to, int serverVersion) =>
        Length().Match(to) is { Success: true } length ? $"pg_catalog.length(t.{column}::text) > {length.Groups["length"].Value}"
        : to is "integer" or "bigint" && from is "real" or "double precision" || (to is "integer" or "bigint"
            && from.StartsWith("numeric", StringComparison.Ordinal)) ? $"t.{column} <> pg_catalog.trunc(t.{column})"
        : serverVersion >= 16 && (from is "text" or "json" || from.StartsWith("character", StringComparison.Ordinal)) && to != "text"
            ? $"NOT pg_catalog.pg_input_is_valid(t.{column}::text, '{to}')"
        : null;

    private static RowObstacle WithoutValue(string table, string condition, string column) =>
        new($"without a value in {column}", table, $"SELECT t.* FROM public.{table} t WHERE {condition}", "Give them one.");

    private static RowObstacle Duplicates(string table, string columns, string condition) => new(
        "that several rows have", table,
        $"SELECT {columns}, count(*) FROM public.{table}{(condition.Length == 0 ? "" : $" WHERE {condition}")} GROUP BY {columns} " +
        $"HAVING count(*) > 1 AND pg_catalog.num_nulls({columns}) = 0",
        "Keep one row of each key.")
    {
        Noun = "key",
    };

    /// <summary>The obstacle for the report.</summary>
    /// <param name="count">The number of rows, at most <see cref="MaxCounted"/> + 1.</param>
    public RepairObstacle Describe(long count)
    {
        var rows = count > MaxCounted ? $"More than {MaxCounted} {Noun}s" : count == 1 ? $"1 {Noun}" : $"{count} {Noun}s";
        return new RepairObstacle(string.Create(CultureInfo.InvariantCulture, $"{rows} of {Table} {What}. {WayOut}"), Query);
    }

    /// <summary>Rows are counted up to this number.</summary>
    public const int MaxCounted = 1000;

    private static ColumnParts Parts(string definition) => new CatalogObject(SchemaObjectKind.Column, "", "", definition).Column();

    private static string[] Split(string columns) => columns.Split(", ");

    [GeneratedRegex(@"^FOREIGN KEY \((?<columns>[^()]*)\) REFERENCES public\.(?<table>\w+)\((?<keys>[^()]*)\)",
        RegexOptions.CultureInvariant)]
    private static partial Regex ForeignKey();

    [GeneratedRegex(@"^CHECK (?<condition>\(.*\))( NOT VALID)?$", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex Check();

    [GeneratedRegex(@"^(?<kind>PRIMARY KEY|UNIQUE) \((?<columns>[^()]*)\)$", RegexOptions.CultureInvariant)]
    private static partial Regex Key();

    [GeneratedRegex(@"^CREATE UNIQUE INDEX \w+ ON public\.\w+ USING btree \((?<columns>.*?)\)( WHERE \((?<condition>.*)\))?$",
        RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex UniqueIndex();

    [GeneratedRegex(@"^character varying\((?<length>\d+)\)$", RegexOptions.CultureInvariant)]
    private static partial Regex Length();
}
