using AutoStack.Data.Migrations;

namespace Quickstart;

/// <summary>A line for each script when it is committed. Not <see cref="Progress{T}"/>, whose calls may overtake each other.</summary>
internal sealed class MigrationLines(Screen screen) : IProgress<MigrationEvent>
{
    private static readonly int NameWidth = SchemaMigrator.Scripts.Max(script => script.Up.FileName.Length);

    public void Report(MigrationEvent value)
    {
        switch (value)
        {
            case StepFinished { Step: var step }:
                screen.Line($"{step.FileName.PadRight(NameWidth)}  {Screen.Milliseconds(step.Duration),9}");
                break;
            case StepRetrying retrying:
                screen.Line($"{retrying.FileName} waits for a lock, attempt {retrying.Attempt}.");
                break;
            case WaitingForLock waiting:
                screen.Line($"Another migration is running{(waiting.Holder is null ? "" : $" ({waiting.Holder})")}; waiting.");
                break;
        }
    }
}
