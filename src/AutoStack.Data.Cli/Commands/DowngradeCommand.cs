using System.CommandLine;
using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>downgrade -1|-N|VERSION|base</c>: runs down scripts, after it has said what they lose.</summary>
internal static class DowngradeCommand
{
    public static Command Create(Session session)
    {
        var target = Target.Argument("The version to go back to.", "-N|VERSION|base");
        var yes = new Option<bool>("--yes", "-y") { Description = "Does not ask.", Arity = ArgumentArity.Zero };
        var command = new Command("downgrade", "Takes versions back, newest first. Data in dropped tables and columns is lost.") { target, yes };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var asks = !parsed.GetValue(yes);
            if (asks && session.Host.InputRedirected)
            {
                throw Failure.Usage("downgrade asks before it drops anything, and nobody is there to answer: add --yes.");
            }

            var migrator = session.Migrator(parsed);
            var plan = await migrator.PlanAsync(up: false, parsed.GetValue(target), cancellationToken).ConfigureAwait(false);
            if (plan.Count > 0)
            {
                Announce(session.Error, plan);
                if (asks && !await Question.AskAsync(session, cancellationToken).ConfigureAwait(false))
                {
                    throw Failure.Cancelled("Not confirmed. Nothing was changed.");
                }
            }

            // The target as it was announced: another -1 that went first must not make this one go two versions back.
            var announced = plan is [.., var oldest] ? Before(oldest) : parsed.GetValue(target);
            session.Progress.Expect(plan.Count);
            var report = await migrator.DowngradeAsync(announced, session.Progress, cancellationToken).ConfigureAwait(false);
            session.Results.Migrated(report);
            return ExitCode.Done;
        });
        return command;
    }

    private static MigrationTarget Before(MigrationScript script) =>
        script.Version == 1 ? MigrationTarget.Base : MigrationTarget.Version(script.Version - 1);

    private static void Announce(IAnsiConsole console, IReadOnlyList<MigrationScript> plan)
    {
        var loss = DataLoss.Of(plan);
        var way = $"Downgrade {plan[0].Version} → {plan[^1].Version - 1}";
        if (loss.IsNone)
        {
            console.WriteLine($"{way} drops no table and no column: no data is lost.");
            return;
        }

        console.WriteLine($"{way} loses all data in", new Style(Color.Yellow));
        List("tables", loss.Tables);
        List("columns", loss.Columns);

        void List(string what, IReadOnlyList<string> names)
        {
            if (names.Count > 0)
            {
                console.WriteLine($"  {what,-8} {string.Join(", ", names)}");
            }
        }
    }
}
