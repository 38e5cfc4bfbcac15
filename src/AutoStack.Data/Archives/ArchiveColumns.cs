using System.Text.RegularExpressions;

namespace AutoStack.Data.Archives;

/// <summary>
/// The columns that a restore creates. Their types are a part of CREATE TABLE, and come from a manifest that others can write: a type
/// consists of names, numbers in parentheses and brackets only, as PostgreSQL's format_type prints them.
/// </summary>
internal static partial class ArchiveColumns
{
    private const string Name = """(?:[a-z_][a-z0-9_]{0,62}|"(?:[^"\p{Cc}]|""){1,63}")""";
    private const string Modifier = "(?:-?[0-9]{1,9}|[A-Za-z][A-Za-z0-9_]{0,31})";
    private const string Size = @"(?:\([0-9]{1,9}\))?";

    // The types whose names have several words.
    private const string Words =
        $"double precision|(?:character|bit) varying{Size}|time(?:stamp)?{Size} with(?:out)? time zone"
        + $"|interval(?: (?:year|month|day|hour|minute|second)(?: to (?:month|hour|minute|second))?)?{Size}";

    private const string Whole =
        $@"^(?:{Words}|{Name}(?:\.{Name})?(?:\({Modifier}(?:,{Modifier}){{0,7}}\))?)(?:\[\])?\z";

    /// <summary>Whether a restore can create a column.</summary>
    public static bool CanRestore(ArchiveColumn column) =>
        Type().IsMatch(column.Type) && column.Name.Length > 0 && !column.Name.Any(char.IsControl);

    /// <summary>The columns, as CREATE TABLE takes them.</summary>
    /// <exception cref="ArchiveException">A restore cannot create one of the columns.</exception>
    public static string DefinitionOf(ArchiveManifest manifest) => string.Join(", ", manifest.Columns.Select(column => CanRestore(column)
        ? $"\"{column.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\" {column.Type}"
        : throw new ArchiveException($"The manifest of {manifest.Name} has a column that no table can have.")));

    /// <summary>The first column whose type, or the type of its elements, is named by the server's message; null for none.</summary>
    public static ArchiveColumn? FindOfType(IEnumerable<ArchiveColumn> columns, string message)
    {
        return columns.FirstOrDefault(column => IsNamed(column.Type)
            || (column.Type.EndsWith("[]", StringComparison.Ordinal) && IsNamed(column.Type[..^2])));

        bool IsNamed(string type) => $" {message} ".Contains($" {type} ", StringComparison.Ordinal);
    }

    [GeneratedRegex(Whole, RegexOptions.CultureInvariant)]
    private static partial Regex Type();
}
