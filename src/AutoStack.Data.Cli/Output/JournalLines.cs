using System.Globalization;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The faults and changes of the journal as text.</summary>
internal static class JournalLines
{
    /// <summary>Each fault with the command that mends it.</summary>
    public static void Write(IAnsiConsole output, IEnumerable<JournalFinding> findings)
    {
        foreach (var finding in findings)
        {
            output.WriteLine(finding.Message, new Style(Color.Red));
            if (finding.Advice is not null)
            {
                output.WriteIndented(2, finding.Advice);
            }

            output.WriteUnwrapped($"  {finding.Command}");
        }
    }

    /// <summary>What a repair will do.</summary>
    public static void WritePlan(IAnsiConsole output, JournalRepairResult result)
    {
        foreach (var finding in result.Repaired)
        {
            output.WriteLine(finding.Message, new Style(Color.Yellow));
            output.WriteIndented(2, finding.Repair!);
        }

        foreach (var name in result.Run)
        {
            output.WriteLine($"{Visible.Text(name)} is missing in the journal.", new Style(Color.Yellow));
            output.WriteLine("  Runs the script.");
        }
    }

    /// <summary>What a repair did or would do, and what is left.</summary>
    public static void Write(IAnsiConsole output, JournalRepairResult result, bool dryRun)
    {
        WritePlan(output, result);
        Write(output, result.Left);
        var mended = result.Repaired.Count + result.Run.Count;
        output.WriteLine((mended, result.Left.Count) switch
        {
            (0, 0) => "The journal has no fault. Whether the database is what it says: autostack-db check.",
            (0, var left) => $"{Screen.Count(left, "fault")} left for you to decide. Nothing was changed.",
            var (_, left) => $"{Screen.Count(mended, "fault")} {(dryRun ? "would be mended" : "mended")}" +
                (left == 0 ? "." : $", {left} left for you to decide.") + (dryRun ? " Nothing was changed." : ""),
        });
    }

    /// <summary>Every change of the journal.</summary>
    public static void Write(IAnsiConsole output, IReadOnlyList<JournalChange> changes)
    {
        if (changes.Count == 0)
        {
            output.WriteLine("No stamp, adoption, repair or downgrade has changed the journal.");
            return;
        }

        var grid = new Grid(
            new Column("changed (UTC)"),
            new Column("by", LeftOut: 2),
            new Column("how"),
            new Column("row", LeftOut: 1),
            new Column("name"),
            new Column("reason", Wraps: true));
        foreach (var change in changes)
        {
            grid.Add(
                change.ChangedAt.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
                change.ChangedBy,
                JournalChanges.Word(change.Kind),
                (change.OldRow, change.NewRow) switch
                {
                    (null, null) => "keys",
                    (null, _) => "added",
                    (_, null) => "removed",
                    _ => "changed",
                },
                JournalFindings.Named(change.Set, change.Name),
                change.Reason ?? "");
        }

        grid.Write(output);
    }
}
