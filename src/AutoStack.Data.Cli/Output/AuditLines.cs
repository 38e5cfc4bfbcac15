using System.Globalization;
using System.Text.Json;
using AutoStack.Data.Audit;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>audit</c> as text.</summary>
internal static class AuditLines
{
    // A value in a line for people; JSON has all of it.
    private const int MaxValue = 60;

    public static void Write(IAnsiConsole output, IReadOnlyList<AuditEntry> entries, bool more)
    {
        if (entries.Count == 0)
        {
            output.WriteLine("No entry.");
            return;
        }

        var grid = new Grid(
            new Column("time"), new Column("actor"), new Column("role", LeftOut: 1), new Column("action"), new Column("table"),
            new Column("row"), new Column("changes", Wraps: true));
        foreach (var entry in entries)
        {
            grid.Add(
                Time(entry.At), entry.Actor, entry.Role, entry.Action.Value, entry.Table,
                entry.RowId?.ToString() ?? (entry.Rows is { } rows ? FormattableString.Invariant($"{rows:N0} rows") : "all rows"),
                string.Join(", ", entry.Columns.Select(Change)));
        }

        grid.Write(output);
        if (more)
        {
            output.WriteLine();
            output.WriteLine("There are more entries: --limit, --until, or audit export.");
        }
    }

    public static void Write(IAnsiConsole output, AuditStatus status)
    {
        if (!status.IsEnabled)
        {
            output.WriteLine("The database has no audit log. Switch it on: autostack-db feature enable audit");
            return;
        }

        var grid = new Grid(
            new Column("partition"), new Column("until"), new Column("entries", Right: true), new Column("size", Right: true));
        foreach (var partition in status.Partitions)
        {
            grid.Add(
                partition.Name, partition.Until?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "",
                partition.Rows?.ToString("N0", CultureInfo.InvariantCulture) ?? "?", Amount.Bytes(partition.Bytes));
        }

        grid.Write(output);
        output.WriteLine();
        output.WriteLine(FormattableString.Invariant($"Partitions for {status.DaysAhead:0.0} more days."));
        if (status.Seals is { } seals)
        {
            output.WriteLine(seals.Keep is { } keep
                ? FormattableString.Invariant($"Entries are kept for {keep.TotalDays:0.#} days.")
                : "Entries are kept for ever.");
            output.WriteLine(seals.SealedAt is { } at
                ? FormattableString.Invariant($"Seal {seals.Number}:{seals.Hash}, made {Time(at)}, until entry {seals.UntilSeq}.")
                : "Nothing is sealed yet.");
            output.WriteLine(seals.UnsealedSince is { } since ? $"Not sealed: entries since {Time(since)}." : "Every entry is sealed.");
        }

        output.WriteLine();
        FindingLines.Write(output, AuditFindings.Of(status));
    }

    private static string Change(AuditedColumn column) =>
        column.IsSecret ? $"{column.Name} {AuditedColumn.Secret}" : $"{column.Name} {Value(column.Old)} → {Value(column.New)}";

    private static string Value(JsonElement value)
    {
        var text = value.ValueKind == JsonValueKind.Null ? "null" : value.ToString();
        return text.Length <= MaxValue ? text : $"{text[..MaxValue]}…";
    }

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
