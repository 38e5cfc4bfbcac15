using System.Globalization;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Changes of a column's type.</summary>
internal static partial class TypeChange
{
    private static readonly string[] Integers = ["smallint", "integer", "bigint", "numeric"];

    /// <summary>True when the type holds every value of the other one unchanged; whatever else is kept, the rows have to prove.</summary>
    public static bool IsWidening(string from, string to)
    {
        (from, to) = (WithoutCollation(from), WithoutCollation(to));
        if (from == to || (from.StartsWith("numeric(", StringComparison.Ordinal) && to == "numeric"))
        {
            return true;
        }

        var (narrow, wide) = (Array.IndexOf(Integers, from), Array.IndexOf(Integers, to));
        return narrow >= 0 ? wide > narrow : MaxLength(from) is { } length && length <= MaxLength(to);
    }

    /// <summary>The type without its collation.</summary>
    public static string WithoutCollation(string type) => type.Split(" COLLATE ")[0];

    // Of text and character varying; null for other types.
    private static int? MaxLength(string type) => type is "text" or "character varying" ? int.MaxValue
        : Varying().Match(type) is { Success: true } match
            ? int.Parse(match.Groups["length"].ValueSpan, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"^character varying\((?<length>\d+)\)$", RegexOptions.CultureInvariant)]
    private static partial Regex Varying();
}
