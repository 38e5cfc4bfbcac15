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
        "--dry-run",
        "Prints which scripts would run and what would stop them, in a session in which the server refuses every write.");

    private readonly Option<bool> rehearse = Switch(
        "--rehearse",
        "Runs the scripts in one transaction and rolls it back. Stops readers and writers until then: says whom, and asks.");

    private readonly RehearsalOptions rehearsal = new();
    private readonly bool up;

    private Preview(bool up) => this.up = up;

    /// <param name="command">The verb.</param>
    /// <param name="up">True for an upgrade.</param>
    /// <param name="yes">The verb's option that asks no question.</param>
    public static Preview AddTo(Command command, bool up, Option<bool> yes)
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
        preview.rehearsal.AddTo(command, preview.rehearse, yes);
        return preview;
    }

    /// <summary>Runs the option that is given and returns the exit code; null when none is.</summary>
    public async Task<int?> RunAsync(Session session, ParseResult parsed, MigrationTarget target, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(sql))
        {
            var plan = session.Connection(parsed) is null ? Offline(session, parsed, target) : await PlanAsync().ConfigureAwait(false);
            Warn(session, plan);
            session.Results.Script(plan);
            return ExitCode.Done;
        }

        if (parsed.GetValue(dryRun))
        {
            var plan = await PlanAsync().ConfigureAwait(false);
            Warn(session, plan);
            session.Results.Planned(plan);
            return plan.Obstacles.Count == 0 ? ExitCode.Done : ExitCode.Failed;
        }

        if (parsed.GetValue(rehearse))
        {
            await rehearsal.RunAsync(session, parsed, up, target, cancellationToken).ConfigureAwait(false);
            return ExitCode.Done;
        }

        return null;

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

    internal static Option<bool> Switch(string name, string description) => new(name)
    {
        Description = description,
        Arity = ArgumentArity.Zero,
    };
}
