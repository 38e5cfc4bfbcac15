using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>
/// One line per script: its name when it starts, its duration when it is committed. Nothing is ever overwritten, so that a terminal and
/// a log read the same. Called by the engine in order; <see cref="Progress{T}"/> would mix the lines up.
/// </summary>
internal sealed class ProgressLines(IAnsiConsole console, IAnsiConsole error) : IProgress<MigrationEvent>
{
    private static readonly int NameWidth = SchemaMigrator.Scripts.Max(s => s.Down.FileName.Length);

    private readonly List<OpenSchema> openSchemas = [];
    private MigrationPlanned? plan;
    private int? expectedSteps;
    private int finished;
    private int current;
    private bool lineOpen;

    /// <summary>The schemas that were reported to be open to every role.</summary>
    public IReadOnlyList<OpenSchema> OpenSchemas => openSchemas;

    /// <summary>What stays after a failure; null when nothing had been tried.</summary>
    public string? Outcome => plan is null ? null
        : $"{finished} of {Screen.Count(plan.StepCount, "script")} done; the database is at version {current}.";

    /// <summary>No more than so many scripts may run: they were announced.</summary>
    public void Expect(int steps) => expectedSteps = steps;

    public void Report(MigrationEvent value)
    {
        switch (value)
        {
            case WaitingForServer waiting:
                // Also a verb whose output is for programs may have to wait.
                error.WriteLine($"Waiting for the server {waiting.Server}: {waiting.Reason}", new Style(Color.Yellow));
                break;
            case WaitingForLock waiting:
                Line($"Waiting for another migrator{(waiting.Holder is null ? "" : $" ({waiting.Holder})")}, {waiting.Waited.TotalSeconds:0} s so far.");
                break;
            case SchemaIsOpen { Open: var open }:
                openSchemas.Add(open);
                error.WriteLine($"Every role may create objects in the schema {open.Schema}. To end that: {open.Statement};", new Style(Color.Yellow));
                break;
            case AdoptionPlanned { Plan: var adoption }:
                AdoptionLines.Write(console, adoption, dryRun: false);
                break;
            case MigrationPlanned planned when planned.StepCount > expectedSteps:
                throw Failure.Cancelled($"The database was upgraded to version {planned.FromVersion} meanwhile. Nothing was changed; start again.");
            case MigrationPlanned planned:
                plan = planned;
                current = planned.FromVersion;
                break;
            case StepStarted started:
                console.Write(started.FileName.PadRight(NameWidth), Style.Plain);
                lineOpen = true;
                break;
            case StepWaiting waiting:
                Line($"{waiting.FileName} has waited {waiting.Waited.TotalSeconds:0} s. {Blocker.Sentence(waiting.Blockers)}");
                break;
            case StepRetrying retrying:
                Line($"{retrying.FileName} did not get its lock (attempt {retrying.Attempt}); again in {Screen.Duration(retrying.Delay)}. {Blocker.Sentence(retrying.Blockers)}".TrimEnd());
                break;
            case StepFinished { Step: var step }:
                finished++;
                current = step.Version == 0 ? current : plan!.ToVersion > plan.FromVersion ? step.Version : step.Version - 1;
                console.WriteLine($"{(lineOpen ? "" : step.FileName.PadRight(NameWidth))} {Screen.Duration(step.Duration),8}", new Style(Color.Green));
                lineOpen = false;
                break;
            case VersionStamped stamped:
                current = stamped.Version;
                break;
            case StepRehearsed { Step: var step }:
                console.WriteLine($"{(lineOpen ? "" : step.FileName.PadRight(NameWidth))} {Way(step)}", new Style(Color.Green));
                lineOpen = false;
                break;
        }
    }

    private static string Way(RehearsedStep step) => step.Outcome switch
    {
        RehearsalOutcome.Skipped => $"{"",8}  skipped: no transaction takes it",
        RehearsalOutcome.InTransaction => $"{Screen.Duration(step.Duration),8}  in a form that a transaction takes",
        _ => $"{Screen.Duration(step.Duration),8}",
    };

    /// <summary>Ends a line that a failure left open.</summary>
    public void Close()
    {
        if (lineOpen)
        {
            console.WriteLine();
            lineOpen = false;
        }
    }

    private void Line(string text)
    {
        Close();
        console.WriteLine(text, new Style(Color.Yellow));
    }
}
