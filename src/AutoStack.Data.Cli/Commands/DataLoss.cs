using System.Text.RegularExpressions;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The tables and columns that down scripts drop, as their text says it.</summary>
internal sealed partial record DataLoss(IReadOnlyList<string> Tables, IReadOnlyList<string> Columns)
{
    public bool IsNone => Tables.Count == 0 && Columns.Count == 0;

    public static DataLoss Of(IEnumerable<MigrationScript> plan)
    {
        var tables = new SortedSet<string>(StringComparer.Ordinal);
        var columns = new SortedSet<(string Table, string Column)>();
        foreach (var statement in plan.SelectMany(script => Comment().Replace(script.Down.Sql, " ").Split(';')))
        {
            if (DropTable().Match(statement) is { Success: true } drop)
            {
                tables.UnionWith(drop.Groups["name"].Captures.Select(c => c.Value));
            }
            else if (AlterTable().Match(statement) is { Success: true } alter)
            {
                columns.UnionWith(DropColumn().Matches(statement).Select(m => (alter.Groups["name"].Value, m.Groups["name"].Value)));
            }
        }

        // A column goes with its table: naming both would be noise.
        return new DataLoss([.. tables], [.. columns.Where(c => !tables.Contains(c.Table)).Select(c => $"{c.Table}.{c.Column}")]);
    }

    [GeneratedRegex(@"--[^\n]*|/\*.*?\*/", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bDROP\s+TABLE\s+(IF\s+EXISTS\s+)?(?<name>[\w.""]+)(\s*,\s*(?<name>[\w.""]+))*",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex DropTable();

    [GeneratedRegex(@"\bALTER\s+TABLE\s+(IF\s+EXISTS\s+)?(ONLY\s+)?(?<name>[\w.""]+)",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex AlterTable();

    [GeneratedRegex(@"\bDROP\s+COLUMN\s+(IF\s+EXISTS\s+)?(?<name>[\w""]+)",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex DropColumn();
}
