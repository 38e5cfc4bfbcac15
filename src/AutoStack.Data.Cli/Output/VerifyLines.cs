using AutoStack.Data.Integrity;
using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The result of <c>verify</c> for people: a line per check, then the findings.</summary>
internal static class VerifyLines
{
    public static void Write(IAnsiConsole output, VerificationResult result, string where)
    {
        var grid = new Grid([new Column("check"), new Column("rows", Right: true), new Column("took", Right: true), new Column("result")]);
        foreach (var check in result.Checks)
        {
            var (word, colour) = Word(check);
            grid.Add(
            [
                new Cell(check.Check, null), new Cell(FormattableString.Invariant($"{check.Rows:n0}"), null),
                new Cell(Screen.Duration(check.Duration), null), new Cell(word, colour),
            ]);
        }

        grid.Write(output);
        output.WriteLine();
        FindingLines.Write(output, result.Findings);
        output.WriteLine($"{FindingLines.Summary(result.Findings)}: {where}.");
    }

    private static (string Word, Color? Colour) Word(CheckResult check) =>
        check.Findings.Any(finding => finding.Severity == Severity.Error) ? ("error", Color.Red)
        : check.Findings.Any(finding => finding.Severity == Severity.Warning) ? ("warning", Color.Yellow)
        : check is { Rows: 0, Findings.Count: > 0 } ? ("not checked", null)
        : ("ok", Color.Green);
}
