using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Logs;

/// <summary>
/// Keeps the plan of an append to one log. The server would plan the insert anew at every call, because it expects more lines of a generic
/// plan than of a short array: three quarters of the time of one line. In a unit of work, the setting would meet other statements. The
/// feature <c>citus</c> knows no generic plan of the insert: the process keeps in mind whether the database has it.
/// </summary>
internal sealed partial class DeploymentLogAppends
{
    private const string KeepPlan = "pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', TRUE)";

    // Follows a FROM.
    private const string LockLog = $"""
        {LockTable}
        {OnThisNode}
        WHERE pg_catalog.pg_advisory_xact_lock(pg_catalog.uuid_hash_extended(@deploymentId, {LockKey})) IS NOT NULL
        """;

    private static Statement Lock(Guid deploymentId, bool keepsPlan) => new($"""
        SELECT CASE WHEN @keepsPlan::boolean THEN {KeepPlan} END
        FROM (SELECT 1) u
        {LockLog}
        """, P.Of(deploymentId), P.Of(keepsPlan));

    // Also answers whether the database has the table deployment_ids, which the feature citus adds.
    private static Statement LockAndFindNodes(Guid deploymentId) => new($"""
        SELECT n.are_there, CASE WHEN NOT n.are_there THEN {KeepPlan} END
        FROM (SELECT pg_catalog.to_regclass('public.deployment_ids') IS NOT NULL AS are_there) n
        {LockLog}
        """, P.Of(deploymentId));

    private async Task StoreAsync(Guid deploymentId, Statement insert, CancellationToken cancellationToken)
    {
        var hasNodes = db.IsTransactionPerCall ? context.HasNodes.Value : true;
        try
        {
            await (hasNodes is null
                ? db.WriteBatchAsync(FindNodesAsync, [LockAndFindNodes(deploymentId), insert], cancellationToken, nameof(AppendAsync))
                : SendAsync(keepsPlan: hasNodes == false)).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.FeatureNotSupported && hasNodes == false)
        {
            // The feature was enabled since the last look.
            context.HasNodes.Keep(true);
            await SendAsync(keepsPlan: false).ConfigureAwait(false);
        }

        Task<bool> SendAsync(bool keepsPlan) => db.WriteBatchAsync(
            sets => sets.AnyAsync(), [Lock(deploymentId, keepsPlan), insert], cancellationToken, nameof(AppendAsync));
    }

    private async Task<bool> FindNodesAsync(ResultSets sets)
    {
        var found = await sets.ListAsync(row => row.Flag()).ConfigureAwait(false);
        context.HasNodes.Keep(found.Contains(true));
        return true;
    }
}
