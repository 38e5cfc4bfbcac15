using AutoStack.Data.Partitions;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>partitions</c> as JSON.</summary>
/// <remarks>
/// <code>
/// {"enabled":true,"daysAhead":61.2,"tables":[{"table":"deployment_logs","partitioned":true,"daysAhead":61.2,"partitions":[
///   {"name":"deployment_logs_p20261201","from":"2026-12-01T00:00:00+00:00","until":"…","default":false,"rows":1200,"bytes":81920},…]},…],
///   "newestDeployments":{"read":10000,"otherIds":12},"findings":[…]}
/// daysAhead is null for a plain table; refusesFrom is null unless partitions are reserved; newestDeployments is null for plain tables;
/// from and until are null for the default partition; rows is null before the first ANALYZE
/// </code>
/// </remarks>
internal static class PartitionJson
{
    public static object Of(PartitionStatus status, DeploymentIds? ids) => new
    {
        Enabled = status.IsEnabled,
        status.DaysAhead,
        Tables = status.Tables.Select(table => new
        {
            Table = table.Name,
            Partitioned = table.IsPartitioned,
            table.DaysAhead,
            table.RefusesFrom,
            Partitions = table.Partitions.Select(partition => new
            {
                partition.Name,
                partition.From,
                partition.Until,
                Default = partition.IsDefault,
                partition.Rows,
                partition.Bytes,
            }),
        }),
        NewestDeployments = ids is null ? null : new { ids.Read, OtherIds = ids.Other },
        Findings = FindingJson.Of(PartitionFindings.Of(status)),
    };
}
