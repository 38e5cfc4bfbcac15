using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The parts of a look that are tables: tables, indexes, statements.</summary>
internal static class TableLines
{
    // Below, reading a table whole costs nothing.
    private const long LargeTable = 10_000;

    public static void Write(IAnsiConsole output, IReadOnlyList<TableStats> tables, StatsChange? change, DateTimeOffset now, int most)
    {
        var grown = (change?.Tables ?? []).ToDictionary(t => (t.Schema, t.Name));
        var grid = new Grid(
        [
            new Column("table"), new Column("size", Right: true), .. Growth(change),
            new Column("indexes", Right: true, LeftOut: 4), new Column("rows", Right: true), new Column("dead", Right: true, LeftOut: 2),
            new Column("bloat ~", Right: true, LeftOut: 3), new Column("hits", Right: true, LeftOut: 6),
            new Column("vacuum", Right: true, LeftOut: 5), new Column("analyze", Right: true, LeftOut: 7),
            new Column("freeze age", Right: true, LeftOut: 8),
        ]);
        foreach (var table in tables.Take(most))
        {
            grid.Add(
            [
                Named(table.Schema, table.Name), Amount.Bytes(table.TotalBytes),
                .. Growth(change, grown.GetValueOrDefault((table.Schema, table.Name))?.Bytes),
                Amount.Bytes(table.IndexBytes), Amount.Count(table.LiveRows), Amount.Count(table.DeadRows), Amount.Bytes(table.BloatBytes),
                Amount.Percent(table.HitRatio), Amount.Ago(table.LastVacuum, now), Amount.Ago(table.LastAnalyze, now),
                Amount.Count(table.FreezeAge),
            ]);
        }

        grid.Write(output);
        More(output, tables.Count, most, "table");
    }

    public static void Write(
        IAnsiConsole output, IReadOnlyList<IndexStats> indexes, IReadOnlyList<TableStats>? tables, StatsChange? change, int most)
    {
        var grown = (change?.Indexes ?? []).ToDictionary(i => (i.Schema, i.Name));
        var grid = new Grid(
        [
            new Column("index"), new Column("size", Right: true), .. Growth(change), new Column("bloat ~", Right: true, LeftOut: 4),
            new Column("scans", Right: true, LeftOut: 2), new Column("remark", LeftOut: 3, Wraps: true),
        ]);
        foreach (var index in indexes.Take(most))
        {
            grid.Add(
            [
                Named(index.Schema, index.Name), Amount.Bytes(index.Bytes),
                .. Growth(change, grown.GetValueOrDefault((index.Schema, index.Name))?.Bytes), Amount.Bytes(index.BloatBytes),
                Amount.Count(index.Scans), new Cell(Visible.Text(Remark(index)), index.IsValid ? null : Color.Red),
            ]);
        }

        grid.Write(output);
        More(output, indexes.Count, most, "index", "indexes");
        var (unused, covered, invalid) = (
            indexes.Count(i => i.IsUnused), indexes.Count(i => i.CoveredBy is not null), indexes.Count(i => !i.IsValid));
        output.WriteLine($"{Amount.Count(unused)} unused, {Amount.Count(covered)} covered by others, {Amount.Count(invalid)} invalid.");
        foreach (var table in (tables ?? []).Where(MissesIndex))
        {
            output.WriteLine(
                $"{Visible.Text(Named(table.Schema, table.Name))} was read whole {Amount.Count(table.SequentialScans)} times, " +
                $"{Amount.Count(table.SequentialRows / Math.Max(1, table.SequentialScans))} rows each: it may miss an index.",
                new Style(Color.Yellow));
        }
    }

    public static void Write(IAnsiConsole output, IReadOnlyList<StatementStats> statements, StatsChange? change, int most)
    {
        var rows = change is null
            ? statements.Select(s => (s.Operation, s.Text, s.Calls, s.TotalMs, s.MeanMs)).ToList()
            : [.. change.Statements.Select(s => (s.Operation, s.Text, s.Calls, s.TotalMs, s.MeanMs))];
        if (rows.Count == 0)
        {
            output.WriteLine("None.");
            return;
        }

        var all = rows.Sum(row => row.TotalMs);
        var grid = new Grid(
            new Column("time", Right: true), new Column("share", Right: true, LeftOut: 2), new Column("calls", Right: true),
            new Column("mean", Right: true), new Column("statement", Wraps: true));
        foreach (var row in rows.Take(most))
        {
            grid.Add(
                Amount.Milliseconds(row.TotalMs), Amount.Percent(all == 0 ? null : row.TotalMs / all), Amount.Count(row.Calls),
                Amount.Milliseconds(row.MeanMs),
                row.Operation ?? Shortened(row.Text));
        }

        grid.Write(output);
        More(output, rows.Count, most, "statement");
    }

    private static Column[] Growth(StatsChange? change) => change is null ? [] : [new Column("growth", Right: true, LeftOut: 1)];

    private static Cell[] Growth(StatsChange? change, long? bytes) => change is null ? [] : [Amount.Growth(bytes)];

    private static bool MissesIndex(TableStats table) =>
        table.LiveRows >= LargeTable && table.SequentialScans >= 100 && table.SequentialRows / table.SequentialScans >= LargeTable / 2;

    private static string Remark(IndexStats index) => string.Join(", ", new[]
    {
        index.IsValid ? null : "invalid",
        index.IsUnused ? "unused" : null,
        index.CoveredBy is { } other ? $"covered by {other}" : null,
    }.OfType<string>());

    private static string Shortened(string? text) => text is null ? "hidden" : text.Length > 120 ? text[..120] + "…" : text;

    private static string Named(string schema, string name) => schema == "public" ? name : $"{schema}.{name}";

    private static void More(IAnsiConsole output, int count, int most, string noun, string? plural = null)
    {
        if (count > most)
        {
            output.WriteLine(
                $"and {Amount.Count(count - most)} more {(count - most == 1 ? noun : plural ?? noun + "s")}, smaller: all with --json");
        }
    }
}
