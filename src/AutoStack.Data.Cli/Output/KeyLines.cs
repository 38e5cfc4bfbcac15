using AutoStack.Data.Cli.Keys;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>keys verify</c> and <c>keys rotate</c> as text.</summary>
internal static class KeyLines
{
    public static void Verified(IAnsiConsole output, KeyReport report)
    {
        Counts(output, report);
        output.WriteLine();
        FindingLines.Write(output, report.Findings);
        output.WriteLine(report.Given.Count == 0
            ? $"{FindingLines.Summary(report.Findings)} in {report.Where}. No keys were given: no value was opened."
            : $"{FindingLines.Summary(report.Findings)} in {report.Where}. The first key is {report.Given[0]}.");
    }

    public static void Planned(IAnsiConsole output, KeyReport report)
    {
        Counts(output, report);
        var stale = report.Stale.ToList();
        var lost = stale.Where(count => count.KeyId is not null && !report.Given.Contains(count.KeyId)).Sum(count => count.Values);
        FindingLines.Write(output, report.Findings.Where(finding => finding.Rule == "column-not-visible"));
        output.WriteLine(
            $"{Figures.Number(stale.Sum(count => count.Values) - lost, "value")} would be replaced, with the key {report.Given[0]}. "
            + (lost > 0 ? $"{Figures.Number(lost, "value")} would stay, since their keys were not given. " : "")
            + "Nothing was changed.");
    }

    public static void Rotated(IAnsiConsole output, KeyRotationReport report)
    {
        var grid = new Grid(
            new Column("column"), new Column("replaced", Right: true), new Column("changed by others", Right: true),
            new Column("unreadable", Right: true));
        foreach (var column in report.Columns)
        {
            grid.Add(
                column.Column,
                Figures.Number((double)column.Rotated),
                Figures.Number((double)column.Skipped),
                new Cell(Figures.Number((double)column.Unreadable), column.Unreadable > 0 ? Color.Red : null));
        }

        grid.Write(output);
        var rate = report.Rotated / Math.Max(report.Elapsed.TotalSeconds, 0.001);
        output.WriteLine(
            $"{Figures.Number(report.Rotated, "value")} replaced in {Screen.Duration(report.Elapsed)} ({Figures.Number(rate)}/s).");
        output.WriteLine();
        FindingLines.Write(output, report.Left.Findings.Where(finding => finding.Rule != "key-unused"));
        foreach (var key in report.Left.Given.Skip(1))
        {
            var values = report.Left.Under(key);
            output.WriteLine(
                values == 0
                    ? $"The key {key} can be removed once no service has it at the front of its list: no value is encrypted with it, "
                        + "also in deployments."
                    : $"The key {key} is still needed: {Figures.Number(values, "value")} encrypted with it.",
                new Style(values == 0 ? Color.Green : Color.Yellow));
        }
    }

    private static void Counts(IAnsiConsole output, KeyReport report)
    {
        var grid = new Grid(new Column("column"), new Column("form"), new Column("key"), new Column("values", Right: true));
        foreach (var count in report.Counts)
        {
            grid.Add(
                count.Column,
                Word(count.Form),
                count.KeyId is { } key ? (report.Given.Count > 0 && !report.Given.Contains(key) ? new Cell(key, Color.Red) : key) : "",
                Figures.Number((double)count.Values));
        }

        if (report.Counts.Count == 0)
        {
            output.WriteLine(report.NotVisible.Count == 0
                ? "No secret is stored." : "No secret is stored in the columns that this role may read.");
        }
        else
        {
            grid.Write(output);
        }
    }

    private static string Word(SecretForm form) => form switch
    {
        SecretForm.Encrypted => "encrypted",
        SecretForm.FirstForm => "first form",
        SecretForm.WithoutVersion => "without version",
        SecretForm.Clear => "in clear",
        SecretForm.Hashed => "hashed",
        _ => "unknown form",
    };
}
