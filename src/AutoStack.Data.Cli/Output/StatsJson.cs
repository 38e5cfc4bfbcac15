using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Output;

/// <summary>A look as JSON: the members of <see cref="DatabaseStats"/>, with the units in their names, and what changed.</summary>
/// <remarks>
/// <code>
/// stats    {"at":"2026-01-31T12:00:00.123456+00:00",
///           "server":{"version":150018,"databaseName":"autostack","databaseId":16384,"role":"ada","startedAt":"…","isStandby":false,
///                     "seesAll":true},
///           "totals":{"bytes":…,"commits":…,…},"tables":[{"schema":"public","name":"deployments","totalBytes":…,…},…],
///           "indexes":[…],"sessions":[…],"preparedTransactions":[…],"statements":[…],"statementsResetAt":null,
///           "replication":{"slots":[…],"standbys":[…],…},"queue":{"waiting":…,…},
///           "notVisible":[{"part":"statements","what":"statements","why":"…"},…],
///           "change":{"seconds":60.0,"resets":[],"totals":{…},"checkpoints":{…},"tables":[…],"indexes":[…],"statements":[…]}}
///          a part that was not asked for, or not visible, is null; change is null without --since; with --watch one object per line
/// </code>
/// </remarks>
internal static class StatsJson
{
    public static object Of(DatabaseStats stats, StatsChange? change) => new
    {
        stats.At,
        stats.Server,
        stats.Totals,
        stats.Tables,
        stats.Indexes,
        stats.Sessions,
        stats.PreparedTransactions,
        stats.Statements,
        stats.StatementsResetAt,
        stats.Replication,
        stats.Queue,
        stats.NotVisible,
        Change = change,
    };
}
