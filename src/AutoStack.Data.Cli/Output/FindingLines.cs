using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>Prints findings for people: the gravest first, each with its cost and what mends it.</summary>
internal static class FindingLines
{
    public static void Write(IAnsiConsole output, IEnumerable<Finding> findings)
    {
        foreach (var finding in Ordered(findings))
        {
            output.WriteLine(
                $"{Word(finding.Severity)} {finding.Rule}: {finding.Problem}",
                finding.Severity switch
                {
                    Severity.Error => new Style(Color.Red),
                    Severity.Warning => new Style(Color.Yellow),
                    _ => Style.Plain,
                });
            if (finding.Cost is { } cost)
            {
                output.WriteIndented(2, cost);
            }

            if (finding.Mend is { } mend)
            {
                output.WriteIndented(2, mend);
            }

            if (finding.Statement is { } statement)
            {
                output.WriteUnwrapped($"    {statement};");
            }

            output.WriteLine();
        }
    }

    /// <summary>The number of findings of each severity, for example <c>1 error, 2 warnings</c>; <c>No findings</c> without any.</summary>
    public static string Summary(IReadOnlyCollection<Finding> findings) =>
        findings.Count == 0 ? "No findings" : string.Join(", ", new[] { Severity.Error, Severity.Warning, Severity.Information }
            .Select(severity => (severity, Count: findings.Count(f => f.Severity == severity)))
            .Where(part => part.Count > 0)
            .Select(part => part.severity == Severity.Information
                ? Screen.Count(part.Count, "remark") : Screen.Count(part.Count, Word(part.severity))));

    /// <summary>The exit code of a report: that of its gravest finding.</summary>
    public static int ExitCodeOf(IEnumerable<Finding> findings) =>
        findings.Select(f => f.Severity).Append(Severity.Information).Max() switch
        {
            Severity.Error => ExitCode.Errors,
            Severity.Warning => ExitCode.Warnings,
            _ => ExitCode.Done,
        };

    /// <summary>The gravest first; findings of one severity keep their order.</summary>
    public static IEnumerable<Finding> Ordered(IEnumerable<Finding> findings) => findings.OrderByDescending(f => f.Severity);

    public static string Word(Severity severity) => severity switch
    {
        Severity.Error => "error",
        Severity.Warning => "warning",
        _ => "information",
    };
}
