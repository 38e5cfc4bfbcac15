using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Migrations.Internal;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>create</c> and <c>drop</c> as text.</summary>
internal static class DatabaseLines
{
    public static void Created(IAnsiConsole output, DatabaseFacts facts, bool created)
    {
        output.WriteLine(
            $"{(created ? "Created" : "There is already")} the database {Visible.Text(facts.Name)}: owner {Visible.Text(facts.Owner)}, " +
            $"encoding {facts.Encoding}, locale {Visible.Text(facts.Locale)} ({facts.Provider}).");
        if (created)
        {
            output.WriteLine("Next: autostack-db upgrade");
        }
    }

    public static void Dropped(IAnsiConsole output, string name, bool dropped) =>
        output.WriteLine(
            dropped ? $"Dropped the database {Visible.Text(name)}." : $"There is no database {Visible.Text(name)}, nothing to do.");
}
