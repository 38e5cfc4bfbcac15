using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>Prints what a repair would run, and what it did.</summary>
internal static class RepairText
{
    /// <summary>Prints the plan as a script for psql: all other lines are comments.</summary>
    public static void Write(IAnsiConsole output, SchemaRepairPlan plan)
    {
        var lines = new StatementLines(output, "");
        foreach (var group in plan.Steps.GroupBy(step => step.Difference))
        {
            output.WriteUnwrapped($"-- {group.Key.Message}");
            foreach (var step in group)
            {
                lines.Write(step.Statement, disabled: false);
            }
        }

        WriteLeftOut(output, plan.LeftOut);
        var withoutStatement = plan.Check.Differences.Count(d => d is { IsRemark: false, Repairs.Count: 0 });
        output.WriteUnwrapped(
            $"-- {Screen.Count(plan.Steps.Count, "statement")} would run" +
            (withoutStatement == 0 ? "" : $"; {Screen.Count(withoutStatement, "difference")} without a statement, see check") +
            ". Nothing was changed.");
    }

    public static void Write(IAnsiConsole output, SchemaRepairResult report)
    {
        WriteLeftOut(output, report.Plan.LeftOut);
        output.WriteLine(
            $"{Screen.Count(report.Applied.Count, "statement")} run" +
            (report.Failures.Count == 0 ? "." : $", {report.Failures.Count} failed:"));
        foreach (var failure in report.Failures)
        {
            output.WriteLine(failure.Reason, new Style(Color.Red));
        }

        output.WriteLine();
        CheckText.Write(output, report.Left);
    }

    private static void WriteLeftOut(IAnsiConsole output, IReadOnlyList<RepairStep> leftOut)
    {
        foreach (var group in leftOut.GroupBy(step => step.Difference))
        {
            var options = new[] { group.Key.LosesData ? "--lose-data" : "", group.Key.LosesSecurity ? "--lose-security" : "" };
            output.WriteUnwrapped($"-- {group.Key.Message} Left out: needs {string.Join(" and ", options.Where(o => o.Length > 0))}.");
            var lines = new StatementLines(output, "");
            foreach (var step in group)
            {
                lines.Write(step.Statement, disabled: true);
            }
        }
    }
}
