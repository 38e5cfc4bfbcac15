using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>Prints a check: versions, differences with their statements, what protects rows, what is in the way.</summary>
internal static class CheckText
{
    private const string Adopt = "If the Python services created these tables, run 'adopt'.";

    public static void Write(IAnsiConsole output, SchemaCheckResult drift)
    {
        foreach (var set in drift.History.Sets)
        {
            output.WriteLine(SetLines.Current(set));
        }

        JournalLines.Write(output, drift.History.Findings);
        WriteDifferences(output, drift);
        WriteIgnored(output, drift);
        if (drift.History.Versions.All(v => v.State != VersionState.Unknown))
        {
            WriteSummary(output, drift);
        }

        WriteForeign(output, drift);
    }

    private static void WriteDifferences(IAnsiConsole output, SchemaCheckResult drift)
    {
        var lines = new StatementLines(output, "  ");
        foreach (var difference in drift.Differences.Where(d => !d.Protects || d.IsRemark))
        {
            output.WriteLine();
            Write(output, difference);
            foreach (var obstacle in difference.Obstacles)
            {
                output.WriteIndented(2, $"In the way: {obstacle.What}");
                if (obstacle.Query is { } query)
                {
                    output.WriteUnwrapped($"    {query};");
                }
            }

            foreach (var repair in difference.Repairs)
            {
                lines.Write(repair, disabled: !difference.IsSafe);
            }
        }

        var protecting = drift.Differences.Where(d => d is { Protects: true, IsRemark: false }).ToList();
        if (protecting.Count > 0)
        {
            output.WriteLine();
            output.WriteLine("These protect rows, and no statement removes them. List them in an ignore file if they are meant:");
            foreach (var difference in protecting)
            {
                Write(output, difference);
            }
        }
    }

    private static void Write(IAnsiConsole output, SchemaDifference difference)
    {
        output.WriteLine(difference.Message, new Style(difference.IsRemark ? Color.Yellow : Color.Red));
        if (difference.Found is { } found
            && difference.Kind is not (SchemaObjectKind.Column or SchemaObjectKind.Table)
            && difference.Kind is not (SchemaObjectKind.RowSecurity or SchemaObjectKind.Owner)
            && (difference.Expected is not null || (difference.Protects && !difference.IsRemark)))
        {
            output.WriteUnwrapped($"  found: {found.Replace("\n", "\n  | ", StringComparison.Ordinal)}");
        }
    }

    private static void WriteIgnored(IAnsiConsole output, SchemaCheckResult drift)
    {
        if (drift.Ignored.Count > 0)
        {
            output.WriteLine();
            output.WriteLine($"Ignored: {string.Join("; ", drift.Ignored.Select(d => d.Message.TrimEnd('.')))}.");
        }

        foreach (var line in drift.UnusedIgnores)
        {
            output.WriteLine($"Line {line.Number} of the ignore file names no difference: {Word(line.Kind)} {line.Name}",
                new Style(Color.Yellow));
        }
    }

    private static void WriteSummary(IAnsiConsole output, SchemaCheckResult drift)
    {
        var remarks = drift.Differences.Count(d => d.IsRemark);
        var found = drift.Differences.Count - remarks;
        output.WriteLine();
        output.WriteLine((found == 0 ? "No difference" : Screen.Count(found, "difference"))
            + (remarks == 0 ? "." : $", {Screen.Count(remarks, "remark")}."));
        if (drift.Detected is { } detected)
        {
            output.WriteLine(detected.Message(drift.History.CurrentVersion), new Style(Color.Yellow));
        }
        else if (drift.History.CurrentVersion == 0 && found > 0)
        {
            output.WriteLine($"The database has no journal. {Adopt}", new Style(Color.Yellow));
        }
        else if (drift.Differences.Any(d => d is { Kind: SchemaObjectKind.Table, Expected: null }))
        {
            output.WriteLine($"The journal does not cover all tables. {Adopt}", new Style(Color.Yellow));
        }
    }

    private static void WriteForeign(IAnsiConsole output, SchemaCheckResult drift)
    {
        foreach (var item in drift.ForeignObjects)
        {
            output.WriteLine();
            output.WriteLine(
                $"{char.ToUpperInvariant(item.Name[0])}{item.Name[1..]} of role {item.Owner} has the name of an object of PostgreSQL: " +
                "statements may use it instead.",
                new Style(drift.AllowsForeignObjects ? Color.Yellow : Color.Red));
            output.WriteUnwrapped($"  {item.Statement};");
        }

        foreach (var open in drift.OpenSchemas)
        {
            output.WriteLine();
            output.WriteLine(
                $"Every role may create objects in the schema {open.Schema}, also with names of PostgreSQL's own.",
                new Style(Color.Yellow));
            output.WriteUnwrapped($"  {open.Statement};");
        }
    }

    /// <summary>The kind of an object as an ignore file and JSON name it.</summary>
    public static string Word(SchemaObjectKind kind) => $"{kind}" is var name ? char.ToLowerInvariant(name[0]) + name[1..] : "";
}
