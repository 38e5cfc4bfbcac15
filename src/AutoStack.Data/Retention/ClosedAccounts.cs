using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Retention;

/// <summary>
/// Removes the rows of closed accounts, account by account: deployments with their logs, sessions and projects, at last the account. Where
/// a run was stopped, the next one continues: the rows that are left say what is to do.
/// </summary>
internal sealed class ClosedAccounts(Db db, HealthCheckHours hours)
{
    private const string Operation = "RemoveClosedAccountsAsync";

    /// <summary>Counts the rows that the removal of the closed accounts counts.</summary>
    public static Statement Count() => new("""
        WITH closed AS MATERIALIZED (
            SELECT u.id
            FROM users u
            WHERE u.closed_at IS NOT NULL
        ),
        owned AS MATERIALIZED (
            SELECT d.id
            FROM closed u
            JOIN deployments d ON d.user_id = u.id
        ),
        lines AS MATERIALIZED (
            SELECT pg_catalog.sum((
                SELECT pg_catalog.count(l.id) FROM deployment_logs l WHERE l.deployment_id = d.id))::bigint AS rows
            FROM owned d
        ),
        output AS MATERIALIZED (
            SELECT pg_catalog.sum((
                SELECT pg_catalog.count(r.id) FROM deployment_runtime_logs r WHERE r.deployment_id = d.id))::bigint AS rows
            FROM owned d
        ),
        checks AS MATERIALIZED (
            SELECT pg_catalog.sum((
                SELECT pg_catalog.count(h.id) FROM deployment_health_checks h WHERE h.deployment_id = d.id))::bigint AS rows
            FROM owned d
        )
        SELECT (
            (SELECT pg_catalog.count(u.id) FROM closed u)
            + (SELECT pg_catalog.count(p.id) FROM closed u JOIN projects p ON p.user_id = u.id)
            + (SELECT pg_catalog.count(s.id) FROM closed u JOIN sessions s ON s.user_id = u.id)
            + (SELECT pg_catalog.count(d.id) FROM owned d)
            + coalesce(l.rows, 0::bigint) + coalesce(o.rows, 0::bigint) + coalesce(h.rows, 0::bigint))
        FROM lines l
        CROSS JOIN output o
        CROSS JOIN checks h
        """);

    /// <summary>
    /// Removes a batch of the first account after the place that has a row to remove; returns the number of rows, 0 at the end. An account
    /// whose rows other transactions hold is left to the next run.
    /// </summary>
    /// <param name="place">The place, which moves on.</param>
    /// <param name="limit">The maximum number of rows of one table.</param>
    /// <param name="cancellationToken">Stops the removal.</param>
    public async Task<int> RemoveAsync(PurgeWindow.Place place, int limit, CancellationToken cancellationToken)
    {
        db.Writes(Operation);
        while (await AccountClosing.FindNextAsync(db, place.AfterId, Operation, cancellationToken).ConfigureAwait(false) is { } userId)
        {
            var rows = await AccountDeployments.RemoveAsync(db, hours, userId, limit, Operation, cancellationToken)
                .ConfigureAwait(false)
                ?? await RemoveRestAsync(userId, limit, cancellationToken).ConfigureAwait(false);
            if (rows > 0)
            {
                return rows;
            }

            place.AfterId = userId;
        }

        return 0;
    }

    private Task<int> RemoveRestAsync(Guid userId, int limit, CancellationToken cancellationToken)
    {
        Statement[] rest = [ProjectRepository.RemoveEmpty(userId, limit), .. AccountClosing.RemoveRest(userId, limit)];
        return db.WriteBatchAsync(sets => sets.CountAsync(rest.Length), rest, cancellationToken, Operation);
    }
}
