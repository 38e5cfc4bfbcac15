using System.Collections.Frozen;

namespace AutoStack.Data.Logs;

/// <summary>The names of ASCII characters in HTML 5 that HTML 4 does not have.</summary>
internal static class HtmlNames
{
    private const string Names =
        "excl ! QUOT \" num # dollar $ percnt % AMP & lpar ( rpar ) ast * midast * plus + comma , period . sol / colon : semi ; "
        + "LT < equals = GT > quest ? commat @ lsqb [ lbrack [ bsol \\ rsqb ] rbrack ] Hat ^ lowbar _ UnderBar _ grave ` "
        + "DiacriticalGrave ` lcub { lbrace { verbar | vert | VerticalLine | "
        + "rcub } rbrace } hyphen - dash - Tab \t NewLine \n";

    private static readonly FrozenDictionary<string, string> Signs =
        Names.Split(' ').Chunk(2).ToFrozenDictionary(pair => pair[0], pair => pair[1]);

    private static readonly FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> Lookup =
        Signs.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Returns the character of a name; null when the name is not one of these.</summary>
    public static string? Of(ReadOnlySpan<char> name) => Lookup.TryGetValue(name, out var sign) ? sign : null;
}
