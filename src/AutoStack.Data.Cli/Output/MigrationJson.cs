using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Output;

/// <summary>Plans and results of migrations and adoptions as JSON; <see cref="JsonResults"/> has their form.</summary>
internal static class MigrationJson
{
    public static Dictionary<string, object?> Of(MigrationPlan plan, object openSchemas) => new()
    {
        ["from"] = plan.FromVersion,
        ["to"] = plan.ToVersion,
        ["plan"] = Steps(plan),
        ["sets"] = Sets(plan.Sets),
        ["obstacles"] = ForesightJson.Of(plan.Obstacles),
        ["locks"] = ForesightJson.Of(plan.Locks),
        ["unforeseen"] = plan.Unforeseen,
        ["openSchemas"] = openSchemas,
    };

    private static IEnumerable<object> Steps(MigrationPlan plan) => plan.Scripts.Select(script =>
        new { script.Set, script.Version, Script = plan.StepOf(script).FileName, plan.StepOf(script).Transactional });

    public static IEnumerable<object> Sets(IEnumerable<SetVersions> sets) =>
        sets.Select(set => new { set.Set, From = set.FromVersion, To = set.ToVersion });

    public static IEnumerable<object> Steps(MigrationResult report) => report.Steps.Select(step => new
    {
        step.Set,
        step.Version,
        Script = step.FileName,
        DurationMs = Math.Round(step.Duration.TotalMilliseconds, 1),
        Retries = step.Retries.Select(retry => new
        {
            retry.Attempt,
            DelayMs = Math.Round(retry.Delay.TotalMilliseconds),
            Blockers = retry.Blockers.Select(blocker => new
            {
                Pid = blocker.ProcessId,
                blocker.Application,
                blocker.Role,
                TransactionSeconds = blocker.TransactionAge is { } age ? Math.Round(age.TotalSeconds, 1) : (double?)null,
                blocker.State,
                blocker.Statement,
            }),
        }),
    });

    public static Dictionary<string, object?> Of(AdoptionPlan plan, object openSchemas) => new()
    {
        ["found"] = plan.Found,
        ["alembicRevision"] = plan.AlembicRevision,
        ["stamped"] = plan.StampedVersion,
        ["changes"] = plan.Changes.Select(c => new { Name = c.Step.FileName, c.Description, c.Step.Sql }),
        ["scripts"] = plan.Scripts.Select(s => s.Up.FileName),
        ["kept"] = plan.Kept,
        ["obstacles"] = plan.Obstacles,
        ["openSchemas"] = openSchemas,
    };
}
