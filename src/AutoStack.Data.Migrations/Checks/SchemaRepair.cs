using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Runs the statements that a check proposes, under the migration lock.</summary>
internal sealed partial class SchemaRepair(MigratorContext context, SchemaRepairOptions? options)
{
    private readonly SchemaRepairOptions options = options ?? new SchemaRepairOptions();

    /// <inheritdoc cref="SchemaMigrator.PlanSchemaRepairAsync"/>
    public async Task<SchemaRepairPlan> PlanAsync(CancellationToken cancellationToken)
    {
        var check = await new SchemaCheck(context).RunAsync(cancellationToken).ConfigureAwait(false);
        RefuseWrongJournal(check);
        var steps = check.Differences.SelectMany(d => d.Repairs.Select(repair => new RepairStep(d, repair)))
            .ToLookup(step => options.Allows(step.Difference));
        return new SchemaRepairPlan(check, [.. steps[true]], [.. steps[false]]);
    }

    /// <inheritdoc cref="SchemaMigrator.RepairSchemaAsync"/>
    public async Task<SchemaRepairResult> RunAsync(IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var session = await LockedSession.OpenAsync(context, progress, cancellationToken).ConfigureAwait(false);
        await using var closing = session.ConfigureAwait(false);

        // A connection string with several hosts: the check reads the host whose lock is held.
        var here = context with { Server = context.Server.Of(session.Connection) };
        var plan = await new SchemaRepair(here, options).PlanAsync(cancellationToken).ConfigureAwait(false);
        var version = plan.Check.History.CurrentVersion;
        progress?.Report(new MigrationPlanned(version, version, plan.Steps.Count));
        var runner = await ScriptRunner.StartAsync(session, context, context.Options.Attempts, progress, cancellationToken)
            .ConfigureAwait(false);
        var result = new MigrationResult(version, version, []);
        var applied = new List<RepairStep>();
        var failures = new List<RepairFailure>();
        foreach (var (index, step) in plan.Steps.Index())
        {
            if (failures.Exists(f => ReferenceEquals(f.Step.Difference, step.Difference)))
            {
                continue;
            }

            cancellationToken.ThrowIfCancellationRequested();
            var script = MigrationScript.Unversioned(StepOf(step, index + 1));
            try
            {
                await runner.EnsureLockAsync(cancellationToken).ConfigureAwait(false);
                await runner.ApplyAsync(script, up: true, cancellationToken).ConfigureAwait(false);
                applied.Add(step);
            }
            catch (PostgresException exception)
            {
                var failed = runner.Failed(script.Up, exception, result);
                var failure = new RepairFailure(step, failed.Message) { IsBlocked = failed.Error == MigrationError.Locked };
                failures.Add(failure);
                progress?.Report(new RepairFailed(script.Up.FileName, failure));
            }
            catch (NpgsqlException exception)
            {
                throw runner.Failed(script.Up, exception, result);
            }
        }

        var left = await new SchemaCheck(here).RunAsync(cancellationToken).ConfigureAwait(false);
        return new SchemaRepairResult(plan, applied, failures, left);
    }

    // Statements toward another version than the database has would undo what its scripts created.
    private static void RefuseWrongJournal(SchemaCheckResult check)
    {
        var history = check.History;
        if (check.Detected is { } detected)
        {
            throw new MigrationException(MigrationError.NotAdopted, detected.Message(history.CurrentVersion));
        }

        foreach (var set in history.Sets.Where(set => set.Kind != ScriptSetKind.Service))
        {
            MigrationPlanner.RefuseForeignJournal(set);
            if (set.HasGap)
            {
                throw new MigrationException(MigrationError.SchemaNewer,
                    "The journal has a gap, so that the right schema is unknown. See it: autostack-db check. Nothing was changed.");
            }
        }

        if (history.CurrentVersion == 0 && check.Differences.Count > 0)
        {
            throw new MigrationException(MigrationError.NotAdopted,
                "The database has tables with the names of AutoStack's and no journal. If the Python services created them, adopt the " +
                "database: autostack-db adopt. Nothing was changed.");
        }
    }

    private static MigrationStep StepOf(RepairStep step, int number) => new(
        string.Create(
            CultureInfo.InvariantCulture,
            $"fix_{number:00}_{NotInFileName().Replace(step.Difference.Name.ToLowerInvariant(), "_")}.sql"),
        (step.Statement.Transactional ? "" : "-- autostack: no-transaction\n") + step.Statement.Sql);

    [GeneratedRegex("[^a-z0-9_]+", RegexOptions.CultureInvariant)]
    private static partial Regex NotInFileName();
}
