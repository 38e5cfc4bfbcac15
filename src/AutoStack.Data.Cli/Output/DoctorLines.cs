using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The findings of <c>doctor</c> for people, and how many there are.</summary>
internal static class DoctorLines
{
    public static void Write(IAnsiConsole output, IReadOnlyList<Finding> findings)
    {
        FindingLines.Write(output, findings);
        output.WriteLine($"{FindingLines.Summary(findings)}.");
    }
}
