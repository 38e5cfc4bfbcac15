namespace AutoStack.Data.Migrations.Internal;

/// <summary>Compares what is unusual about a table: row level security, inheritance, partitions, no write-ahead log.</summary>
internal sealed class TableComparison(DifferenceList differences)
{
    private const string RowSecurity = "row level security";

    /// <summary>Adds a difference for each unusual part that only one side has.</summary>
    public void Compare(CatalogObject should, CatalogObject there)
    {
        var (wanted, actual) = (Parts(should), Parts(there));
        foreach (var part in actual.Except(wanted))
        {
            var message = $"Table {there.Name} is {part}.";
            if (part.EndsWith(RowSecurity, StringComparison.Ordinal))
            {
                differences.AddProtecting(should, there, message, SchemaObjectKind.RowSecurity);
            }
            else
            {
                var repair = Repair.AlterTable(there, part, missing: false);
                differences.Add(DifferenceList.Phase(there), should, there, message, repair is null ? [] : [repair],
                    repair is null ? $"{message} {WayOut(part, there.Name)}" : null);
            }
        }

        foreach (var part in wanted.Except(actual))
        {
            var repair = Repair.AlterTable(there, part, missing: true);
            var message = $"Table {there.Name} is not {part}.";
            differences.Add(DifferenceList.Phase(there), should, there, message, repair is null ? [] : [repair],
                repair is null ? $"{message} No statement changes that in place: rows have to be copied." : null);
        }
    }

    /// <summary>Why no statement touches the objects of a table; null when statements may.</summary>
    public static string? WhyBlocked(CatalogObject should, CatalogObject there) => Parts(there).Except(Parts(should))
        .Where(part => part.StartsWith("a ", StringComparison.Ordinal) || part == "partitioned")
        .Where(part => !part.StartsWith("a parent of ", StringComparison.Ordinal))
        .Where(part => !part.StartsWith("a child of ", StringComparison.Ordinal))
        .Select(part => $"Table {there.Name} is {part}: its objects follow other rules.").FirstOrDefault();

    /// <summary>True for a view or a foreign table with the name of a table, whose parts are not compared.</summary>
    public static bool IsReplaced(CatalogObject there) =>
        Parts(there).Any(part => part is "a view" or "a materialized view" or "a foreign table");

    private static string WayOut(string part, string table) => part switch
    {
        "partitioned" => "A partitioned table cannot become an ordinary one in place: copy its rows into a table of the expected form, " +
            "then exchange the names.",
        "a view" or "a materialized view" or "a foreign table" =>
            $"Somebody has put it in place of the table: find the table under another name, remove what took its name, rename it {table}.",
        _ when part.StartsWith("a parent of ", StringComparison.Ordinal) =>
            $"Queries of {table} read the rows of its children, too. Detach a child with ALTER TABLE … NO INHERIT public.{table}: " +
            "its rows are then no longer read.",
        _ when part.StartsWith("a child of ", StringComparison.Ordinal) =>
            $"Queries and changes of the parent reach {table}, too. Detach it with ALTER TABLE public.{table} NO INHERIT …: " +
            "the parent's readers then no longer see its rows.",
        _ => "No statement changes that in place.",
    };

    private static string[] Parts(CatalogObject table) => table.Definition.Split(", ", StringSplitOptions.RemoveEmptyEntries);
}
