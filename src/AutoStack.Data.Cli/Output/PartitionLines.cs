using System.Globalization;
using AutoStack.Data.Partitions;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>partitions</c> as text.</summary>
internal static class PartitionLines
{
    public static void Write(IAnsiConsole output, PartitionStatus status, DeploymentIds? ids)
    {
        if (!status.IsEnabled)
        {
            output.WriteLine("The tables of logs are not partitioned. Switch it on: autostack-db feature enable log-partitions");
            return;
        }

        var grid = new Grid(
            new Column("table", LeftOut: 1), new Column("partition"), new Column("from"), new Column("until"),
            new Column("rows", Right: true), new Column("size", Right: true));
        foreach (var table in status.Tables)
        {
            foreach (var partition in table.Partitions)
            {
                grid.Add(
                    table.Name, partition.Name, Day(partition.From), Day(partition.Until),
                    partition.Rows?.ToString("N0", CultureInfo.InvariantCulture) ?? "?", Amount.Bytes(partition.Bytes));
            }
        }

        grid.Write(output);
        output.WriteLine();
        foreach (var table in status.Tables.Where(table => table.IsPartitioned))
        {
            output.WriteLine(FormattableString.Invariant($"{table.Name}: partitions for {table.DaysAhead:0.0} more days"));
        }

        if (ids?.Other > 0)
        {
            output.WriteLine(FormattableString.Invariant($"{ids.Other:N0} of the newest {ids.Read:N0} deployments have ids that ")
                + "are not of version 7: their logs go into the default.");
        }

        output.WriteLine();
        FindingLines.Write(output, PartitionFindings.Of(status));
    }

    private static string Day(DateTimeOffset? time) => time is { } day ? day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) : "";
}
