using System.CommandLine;
using System.CommandLine.Parsing;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>repair</c>: mends the rows of the journal, as far as the database shows what is right.</summary>
internal static class RepairCommand
{
    private static readonly string Faults = string.Join(", ", Enum.GetValues<JournalFault>().Select(JournalFinding.Word));

    public static Command Create(Session session)
    {
        var dryRun = new Option<bool>("--dry-run")
        {
            Description = "Prints what would be changed, in a session in which the server refuses every write.",
            Arity = ArgumentArity.Zero,
        };
        var only = new Option<JournalFault[]>("--only")
        {
            Description = $"Mends this fault only: {Faults}. May be repeated. changed and unknown are your decision: name them.",
            HelpName = "FAULT",
            DefaultValueFactory = _ => [],
            CustomParser = ParseFaults,
        };
        var run = new Option<string[]>("--run")
        {
            Description = "Runs a script that is missing in the journal, and whose objects are missing, too. May be repeated.",
            HelpName = "NAME",
            DefaultValueFactory = _ => [],
        };
        var yes = new Option<bool>("--yes", "-y") { Description = "Does not ask for confirmation.", Arity = ArgumentArity.Zero };
        var command = new Command("repair", "Mends the journal: missing, doubled, changed, renamed and unknown rows.")
        {
            dryRun,
            only,
            run,
            yes,
            session.Options.Reason,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var previews = parsed.GetValue(dryRun);
            var asks = !previews && !parsed.GetValue(yes);
            if (asks && session.Host.InputRedirected)
            {
                throw Failure.Usage("repair asks before it changes the journal, and nobody can answer: add --yes, or --dry-run.");
            }

            var migrator = session.Migrator(parsed);
            var options = new JournalRepairOptions { Only = parsed.GetValue(only)!, Run = parsed.GetValue(run)! };
            options.Validate();
            var result = await migrator.PlanJournalRepairAsync(options, cancellationToken).ConfigureAwait(false);
            if (!previews && result.Repaired.Count + result.Run.Count > 0)
            {
                if (asks)
                {
                    JournalLines.WritePlan(session.Error, result);
                    if (!await Question.AskAsync(session, cancellationToken).ConfigureAwait(false))
                    {
                        throw Failure.Cancelled("Not confirmed. Nothing was changed.");
                    }
                }

                session.HasChanged = true;
                result = await migrator.RepairJournalAsync(options, session.Progress, cancellationToken).ConfigureAwait(false);
            }

            session.Results.Repaired(result, previews);
            return result.IsSound ? ExitCode.Done : ExitCode.Changed;
        });
        return command;
    }

    private static JournalFault[] ParseFaults(ArgumentResult result)
    {
        var faults = new List<JournalFault>();
        foreach (var word in result.Tokens.Select(token => token.Value))
        {
            if (!Enum.GetValues<JournalFault>().Any(fault => JournalFinding.Word(fault).Equals(word, StringComparison.OrdinalIgnoreCase)))
            {
                result.AddError($"--only is one of {Faults}.");
                return [];
            }

            faults.Add(Enum.Parse<JournalFault>(word, ignoreCase: true));
        }

        return [.. faults];
    }
}
