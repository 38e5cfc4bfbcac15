using System.Text;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>
/// The functions that the server evaluates once per statement when they are part of a default, from <c>NotVolatile.txt</c>: a name is
/// listed when a function of that name is stable or immutable, or when it is a word of the grammar. All others count as volatile.
/// </summary>
internal static class Functions
{
    private static readonly HashSet<string> NotVolatile = [.. Lines().Where(line => line.Length > 0 && line[0] != '#')];

    /// <summary>True when a default calls a function that may return another value for each row.</summary>
    /// <param name="value">The expression.</param>
    /// <param name="isKnown">True for a function of the script set that is not volatile.</param>
    public static bool IsVolatile(IReadOnlyList<SqlToken> value, Func<string, bool> isKnown)
    {
        for (var at = 0; at + 1 < value.Count; at++)
        {
            if (value[at].IsName && value[at + 1].Is("(") && !IsType(value, at)
                && !(NotVolatile.Contains(value[at].Name) && (at < 2 || !value[at - 1].Is(".") || value[at - 2].Is("pg_catalog")))
                && !isKnown(Qualified(value, at)))
            {
                return true;
            }
        }

        return false;
    }

    private static string Qualified(IReadOnlyList<SqlToken> value, int at) =>
        at >= 2 && value[at - 1].Is(".") && value[at - 2].Name != "public" ? $"{value[at - 2].Name}.{value[at].Name}" : value[at].Name;

    // A type with a length: x::vector(3), CAST(x AS vector(3)), character varying(3).
    private static bool IsType(IReadOnlyList<SqlToken> value, int at) =>
        at > 0 && (value[at - 1].Is(":") || value[at - 1].Is("AS") || value[at].Is("varying"));

    internal static IEnumerable<string> Lines()
    {
        using var reader = new StreamReader(typeof(Functions).Assembly.GetManifestResourceStream("NotVolatile.txt")!, Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }
}
