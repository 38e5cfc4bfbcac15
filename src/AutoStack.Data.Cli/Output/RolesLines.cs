using AutoStack.Data.Cli.Roles;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>roles</c> as text.</summary>
internal static class RolesLines
{
    public static void Applied(IAnsiConsole output, RoleReport report, bool dryRun)
    {
        foreach (var change in report.Changes)
        {
            output.WriteUnwrapped(RoleLine.Of(change));
        }

        output.WriteLine(report.Changes.Count == 0
            ? $"The roles of the database {Visible.Text(report.Database)} are as they should be, nothing to do."
            : $"{Screen.Count(report.Changes.Count, "change")} {(dryRun ? "would be made. Nothing was changed." : "made.")}");
        if (!dryRun && report.Changes.Any(change => change.Action == RoleAction.Create))
        {
            output.WriteLine($"The roles have no password: set one in psql (\\password {Visible.Text(report.Prefix)}_app), or let " +
                "pg_hba.conf decide.");
        }
    }

    public static void Checked(IAnsiConsole output, RoleReport report, IReadOnlyList<Finding> findings)
    {
        FindingLines.Write(output, findings);
        output.WriteLine(
            $"{FindingLines.Summary(findings)} in the rights of the database {Visible.Text(report.Database)} " +
            $"(roles {Visible.Text(report.Prefix)}_…).");
    }
}
