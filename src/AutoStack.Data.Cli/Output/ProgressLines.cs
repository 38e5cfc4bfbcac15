using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>
/// One line per script: its name when it starts, its duration when it is committed. On a terminal the line of a script that runs for long
/// shows a bar meanwhile; a log gets a line every ten seconds. The migrator reports in order; <see cref="Progress{T}"/> would reorder the
/// lines.
/// </summary>
internal sealed class ProgressLines(IAnsiConsole console, IAnsiConsole error) : IProgress<MigrationEvent>
{
    private static readonly int NameWidth = SchemaMigrator.Scripts.Max(s => s.Down.FileName.Length);

    // A blank, and a duration such as 12 min 05 s.
    private const int DurationWidth = 13;

    private readonly List<OpenSchema> openSchemas = [];
    private MigrationPlanned? plan;
    private int? expectedSteps;
    private int finished;
    private readonly Dictionary<string, int> current = [];
    private readonly Lock reporting = new();
    private readonly ProgressBar bar = new(console);
    private bool lineOpen;
    private string? copy;

    /// <summary>The schemas that the migrator has reported as open to every role.</summary>
    public IReadOnlyList<OpenSchema> OpenSchemas => openSchemas;

    /// <summary>The state after a failure; null when no script was started.</summary>
    public string? Outcome => plan is null || copy is not null ? null
        : $"{finished} of {Screen.Count(plan.StepCount, "script")} done; " +
          $"{SetLines.AreAt([.. plan.Sets.Select(set => (set.Set, current[set.Set]))])}.";

    /// <summary>Sets the announced number of scripts; a plan with more is refused.</summary>
    public void Expect(int steps) => expectedSteps = steps;

    // A script's waits and its progress are reported by two threads.
    public void Report(MigrationEvent value)
    {
        lock (reporting)
        {
            ReportNext(value);
        }
    }

    private void ReportNext(MigrationEvent value)
    {
        switch (value)
        {
            case WaitingForServer waiting:
                // On standard error, since the output may be for programs.
                error.WriteLine($"Waiting for the server {waiting.Server}: {waiting.Reason}", new Style(Color.Yellow));
                break;
            case WaitingForLock waiting:
                var holder = waiting.Holder is null ? "" : $" ({waiting.Holder})";
                Line($"Waiting for another migrator{holder}, {waiting.Waited.TotalSeconds:0} s so far.");
                break;
            case SchemaIsOpen { Open: var open }:
                openSchemas.Add(open);
                error.WriteLine(
                    $"Every role may create objects in the schema {open.Schema}. To prevent that: {open.Statement};",
                    new Style(Color.Yellow));
                break;
            case AdoptionPlanned { Plan: var adoption }:
                AdoptionLines.Write(console, adoption, dryRun: false);
                break;
            case MigrationPlanned planned when planned.StepCount > expectedSteps:
                throw Failure.Cancelled(
                    $"The database was upgraded to version {SetLines.Froms(planned.Sets)} meanwhile. " +
                    "Nothing was changed; run the command again.");
            case MigrationPlanned planned:
                plan = planned;
                foreach (var set in planned.Sets)
                {
                    current[set.Set] = set.FromVersion;
                }

                break;
            case CopyCreated created:
                copy = created.Database;
                Line(created.Duration == TimeSpan.Zero ? $"The scripts run on the copy {created.Database}."
                    : $"The scripts run on the copy {created.Database}, created in {Screen.Duration(created.Duration)}.");
                break;
            case StepProgress running:
                if (bar.Report(running, lineOpen))
                {
                    lineOpen = false;
                }

                break;
            case StepStarted started:
                bar.Start();
                WriteName(started.FileName);
                lineOpen = true;
                break;
            case StepWaiting waiting:
                Line($"{waiting.FileName} has waited {waiting.Waited.TotalSeconds:0} s. {Blocker.Sentence(waiting.Blockers)}");
                break;
            case StepRetrying retrying:
                Line(
                    $"{retrying.FileName} did not get its lock (attempt {retrying.Attempt}); next attempt in " +
                    $"{Screen.Duration(retrying.Delay)}. {Blocker.Sentence(retrying.Blockers)}".TrimEnd());
                break;
            case StepFinished { Step: var step }:
                finished++;
                if (step.Version > 0)
                {
                    var way = plan!.Sets.First(set => set.Set == step.Set);
                    current[step.Set] = way.ToVersion > way.FromVersion ? step.Version : step.Version - 1;
                }

                Finish(step.FileName, $"{Screen.Duration(step.Duration),8}");
                break;
            case RepairFailed { FileName: var name }:
                Line($"{name} failed.");
                break;
            case VersionStamped stamped:
                current[ScriptSet.CoreName] = stamped.Version;
                break;
            case StepRehearsed { Step: var step }:
                Finish(step.FileName, Way(step));
                break;
        }
    }

    private void Finish(string fileName, string text)
    {
        lineOpen &= !bar.Clear();
        if (!lineOpen)
        {
            WriteName(fileName);
        }

        console.WriteLine($" {text}", new Style(Color.Green));
        lineOpen = false;
    }

    // Past the console, which would break a name that is longer than a line; on a narrow terminal the name is not followed by blanks.
    private void WriteName(string fileName)
    {
        var room = console.Profile.Width - DurationWidth;
        console.Profile.Out.Writer.Write(Visible.Lines(fileName.PadRight(Math.Min(NameWidth, Math.Max(0, room)))));
    }

    private static string Way(RehearsedStep step) => step.Outcome switch
    {
        RehearsalOutcome.CannotBeRehearsed => $"{"",8}  cannot be rehearsed from here on",
        RehearsalOutcome.Skipped => $"{"",8}  skipped: cannot run in a transaction",
        RehearsalOutcome.InTransaction => $"{Screen.Duration(step.Duration),8}  in a form that can run in a transaction",
        _ => $"{Screen.Duration(step.Duration),8}",
    };

    /// <summary>Ends the line of a script that failed.</summary>
    public void Close()
    {
        if (bar.Clear())
        {
            lineOpen = false;
        }

        if (lineOpen)
        {
            console.WriteLine();
            lineOpen = false;
        }
    }

    private void Line(string text)
    {
        Close();
        if (text.Split(' ').Any(word => word.Length > console.Profile.Width))
        {
            console.WriteUnwrapped(text);
        }
        else
        {
            console.WriteLine(text, new Style(Color.Yellow));
        }
    }
}
