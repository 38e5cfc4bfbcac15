using System.CommandLine;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The options of <c>upgrade</c> and <c>downgrade</c> that change nothing.</summary>
internal sealed class Preview
{
    private readonly Option<bool> sql = Switch(
        "--sql",
        "Prints the script that would run, for psql. Without a database: for an empty one, or down from the newest version.");

    private readonly Option<bool> dryRun = Switch(
        "--dry-run", "Prints which scripts would run, in a session in which the server refuses every write.");

    private readonly Option<bool> rehearse = Switch(
        "--rehearse", "Runs the scripts in one transaction and rolls it back. Holds every lock until then: avoid busy hours.");

    private readonly bool up;

    private Preview(bool up) => this.up = up;

    public static Preview AddTo(Command command, bool up)
    {
        var preview = new Preview(up);
        Option<bool>[] options = [preview.sql, preview.dryRun, preview.rehearse];
        foreach (var option in options)
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            var given = options.Where(option => result.GetResult(option) is not null).Select(option => option.Name).ToList();
            if (given.Count > 1)
            {
                result.AddError($"{string.Join(" and ", given)} exclude each other.");
            }
        });
        return preview;
    }

    /// <summary>Runs the option that is given; false when none is.</summary>
    public async Task<bool> RunAsync(Session session, ParseResult parsed, MigrationTarget target, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(sql))
        {
            var plan = session.Connection(parsed) is null ? Offline(session, parsed, target) : await PlanAsync().ConfigureAwait(false);
            Warn(session, plan);
            session.Results.Script(plan);
        }
        else if (parsed.GetValue(dryRun))
        {
            var plan = await PlanAsync().ConfigureAwait(false);
            Warn(session, plan);
            session.Results.Planned(plan);
        }
        else if (parsed.GetValue(rehearse))
        {
            var migrator = session.Migrator(parsed);
            session.Results.Rehearsed(await (up
                ? migrator.RehearseUpgradeAsync(target, session.Progress, cancellationToken)
                : migrator.RehearseDowngradeAsync(target, session.Progress, cancellationToken)).ConfigureAwait(false));
        }
        else
        {
            return false;
        }

        return true;

        Task<MigrationPlan> PlanAsync() => up
            ? session.Migrator(parsed).PlanUpgradeAsync(target, cancellationToken)
            : session.Migrator(parsed).PlanDowngradeAsync(target, cancellationToken);
    }

    private MigrationPlan Offline(Session session, ParseResult parsed, MigrationTarget target)
    {
        var plan = SchemaMigrator.PlanOffline(up, target, session.MigratorOptions(parsed));
        session.Error.WriteLine($"No database is given: the script is for a database at version {SetLines.Froms(plan.Sets)}.");
        return plan;
    }

    private static void Warn(Session session, MigrationPlan plan)
    {
        if (plan is { IsDowngrade: true, Scripts.Count: > 0 })
        {
            DataLoss.Announce(session.Error, plan);
        }
    }

    private static Option<bool> Switch(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.Zero,
    };
}
