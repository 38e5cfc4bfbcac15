using System.Globalization;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using Spectre.Console;

namespace Quickstart;

/// <summary>Deployments as tables. Cells are text, never markup: a commit message may hold brackets.</summary>
internal static class Tables
{
    public static void Show(Screen screen, DeploymentDetails details)
    {
        var deployment = details.Deployment;
        var errors = details.Logs.Count(line => line.Level == DeploymentLogLevel.Error);
        screen.Heading($"{details.Project.Name}: {deployment.Status}");
        if (deployment.CommitHash is { } hash)
        {
            screen.Line($"  commit    {Short(hash)} on {deployment.Branch}, \"{deployment.CommitMessage}\" by {deployment.Author}");
        }

        screen.Line($"  took      {deployment.BuildDurationSeconds} s");
        screen.Line($"  log       {details.Logs.Count} lines, {errors} of them errors");
        screen.Line(deployment.FailedReason is { } reason ? $"  reason    {reason}" : $"  address   {deployment.DeployedUrl}");

        screen.Show(Stages(details.Stages));
        if (details.Containers.Count > 0)
        {
            screen.Show(Containers(details.Containers));
        }

        if (details.HealthChecks.Count > 0)
        {
            screen.Show(HealthChecks(details.HealthChecks));
        }
    }

    public static Table Recent(IReadOnlyList<DeploymentWithProject> rows)
    {
        var table = Create("queued (UTC)", "project", "status", "branch", "commit", "seconds", "address");
        foreach (var (deployment, project) in rows)
        {
            table.AddRow(
                Cell(Time(deployment.CreatedAt)),
                Cell(project.Name),
                Status(deployment.Status.Value),
                Cell(deployment.Branch),
                Cell(Short(deployment.CommitHash)),
                Cell(deployment.BuildDurationSeconds),
                Cell(deployment.DeployedUrl));
        }

        return table;
    }

    private static Table Stages(IReadOnlyList<DeploymentStage> stages)
    {
        var table = Create("stage", "status", "started (UTC)", "duration", "error");
        foreach (var stage in stages)
        {
            table.AddRow(
                Cell(stage.Name.Value),
                Status(stage.Status.Value),
                Cell(Time(stage.StartedAt)),
                Cell(stage.CompletedAt - stage.StartedAt is { } duration ? Screen.Milliseconds(duration).PadLeft(9) : ""),
                Cell(stage.ErrorMessage));
        }

        return table;
    }

    private static Table Containers(IReadOnlyList<DeploymentContainer> containers)
    {
        var table = Create("container", "image", "host", "port", "status");
        foreach (var container in containers)
        {
            table.AddRow(
                Cell(container.ContainerId),
                Cell(container.Image),
                Cell(container.Host),
                Cell(container.Port),
                Status(container.Status.Value));
        }

        return table;
    }

    private static Table HealthChecks(IReadOnlyList<DeploymentHealthCheck> checks)
    {
        var table = Create("health check", "status", "latency", "live", "at (UTC)");
        foreach (var check in checks)
        {
            table.AddRow(
                Cell(check.Url),
                Cell(check.HttpStatus),
                Cell(check.LatencyMs is { } latency ? $"{latency} ms" : ""),
                Cell(check.IsLive ? "yes" : "no"),
                Cell(Time(check.CheckedAt)));
        }

        return table;
    }

    private static Table Create(params string[] columns)
    {
        var table = new Table().Border(TableBorder.Rounded);
        foreach (var column in columns)
        {
            table.AddColumn(new TableColumn(new Text(column)).NoWrap());
        }

        return table;
    }

    private static Text Cell(object? value) => new(Screen.Visible(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));

    private static Text Status(string status) => new(status, new Style(Screen.ColorOf(status)));

    private static string Time(DateTimeOffset? time) => time?.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "";

    private static string Short(string? hash) => hash?[..Math.Min(hash.Length, 12)] ?? "";
}
