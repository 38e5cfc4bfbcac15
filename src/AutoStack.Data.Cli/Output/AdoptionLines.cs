using AutoStack.Data.Migrations;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The plan of an adoption as text, before a run and as the result of a dry run.</summary>
internal static class AdoptionLines
{
    public static void Write(IAnsiConsole console, AdoptionPlan plan, bool dryRun)
    {
        console.WriteLine(plan.Found + ".");
        if (dryRun)
        {
            var width = plan.Changes.Select(c => c.Step.FileName.Length).DefaultIfEmpty().Max();
            foreach (var change in plan.Changes)
            {
                console.WriteLine($"  {change.Step.FileName.PadRight(width)}  {change.Description}");
            }

            if (plan.StampedVersion > 0)
            {
                console.WriteLine($"The database then is at version {plan.StampedVersion}, which is recorded in the journal.");
            }

            if (plan.Scripts.Count > 0)
            {
                console.WriteLine(
                    $"{Screen.Count(plan.Scripts.Count, "script")} to apply: {plan.Scripts[0].Name} to {plan.Scripts[^1].Name}.");
            }
        }

        if (plan.Kept.Count > 0)
        {
            console.WriteLine($"Kept, although not part of the schema: {string.Join(", ", plan.Kept)}.");
        }

        foreach (var obstacle in plan.Obstacles)
        {
            console.WriteLine($"The adoption will stop before {obstacle.Before}. {obstacle.What}:", new Style(Color.Yellow));
            foreach (var line in $"{obstacle.Query};\n{obstacle.Hint}".Split('\n'))
            {
                console.WriteLine("    " + line);
            }
        }
    }
}
