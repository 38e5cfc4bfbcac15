using AutoStack.Data.Deployments;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Webhooks;

internal sealed class WebhookPayloadRepository(Db db, TimeProvider clock) : IWebhookPayloadRepository
{
    internal const string Columns = "w.id, w.deployment_id, w.provider, w.payload_json, w.headers, w.received_at";

    /// <summary>Whether a purge removes a payload <c>e</c>. Needs <c>@before</c>.</summary>
    internal const string Purgeable = "e.received_at < @before";

    // The expression of the index webhook_payloads_delivery_idx. GitLab sends the same x-gitlab-event-uuid for all events of one chain, and
    // the same idempotency-key, if any, for retries of one event only. WebhookHeaders names the same headers.
    private const string DeliveryId = """
        CASE pg_catalog.lower(w.provider::text)
            WHEN 'github'::text THEN w.headers ->> 'x-github-delivery'::text
            WHEN 'gitlab'::text THEN coalesce(w.headers ->> 'idempotency-key'::text, w.headers ->> 'x-gitlab-event-uuid'::text)
            WHEN 'bitbucket'::text THEN w.headers ->> 'x-request-uuid'::text
        END
        """;

    private const string SummaryColumns = $"""
        w.id, w.deployment_id, w.provider, {DeliveryId},
        coalesce(w.headers ->> 'x-github-event'::text, w.headers ->> 'x-gitlab-event'::text, w.headers ->> 'x-event-key'::text),
        w.received_at
        """;

    internal static WebhookPayload Read(RowReader row) => new()
    {
        Id = row.Guid(),
        DeploymentId = row.GuidOrNull(),
        Provider = row.Value<WebhookProvider>(),
        PayloadJson = WebhookBody.Shown(row.Json()),
        Headers = WebhookHeaders.Redact(row.Json()),
        ReceivedAt = row.Time(),
    };

    public Task<WebhookPayload?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM webhook_payloads w
            WHERE w.id = @id
            """, [P.Of(id)], cancellationToken);

    public async Task<Page<WebhookPayloadSummary>> ListAsync(
        WebhookPayloadFilter filter, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        Limit.Check(limit, IWebhookPayloadRepository.MaxListSize);
        var provider = P.TextOrNull(filter.Provider?.Value.ToLowerInvariant(), name: "provider");
        var (receivedAt, id) = cursor.ToMoment() ?? (Time.Infinity, Guid.AllBitsSet);
        NpgsqlParameter[] bounds = [P.Moment(receivedAt), P.Of(id), P.Of(limit + 1, nameof(limit))];
        var rows = await (filter.DeploymentId is { } deploymentId
            ? db.ListAsync(row => (ReadSummary(row), row.Long()), $"""
                SELECT {SummaryColumns}, w.received_at
                FROM webhook_payloads w
                WHERE w.deployment_id = @deploymentId AND (@provider IS NULL OR pg_catalog.lower(w.provider::text) = @provider)
                  AND (w.received_at, w.id) < (@receivedAt, @id)
                ORDER BY w.received_at DESC, w.id DESC
                LIMIT @limit
                """, [P.Of(deploymentId), provider, .. bounds], cancellationToken)
            : db.ListAsync(row => (ReadSummary(row), row.Long()), $"""
                SELECT {SummaryColumns}, w.received_at
                FROM webhook_payloads w
                WHERE (@provider IS NULL OR pg_catalog.lower(w.provider::text) = @provider) AND (w.received_at, w.id) < (@receivedAt, @id)
                ORDER BY w.received_at DESC, w.id DESC
                LIMIT @limit
                """, [provider, .. bounds], cancellationToken)).ConfigureAwait(false);
        return Page<WebhookPayloadSummary>.OfMoments(rows, limit, row => row.Id);
    }

    public async Task<WebhookStoreResult> StoreAsync(NewWebhookPayload payload, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(payload);
        var id = Ids.Of(payload.Id, "payload.Id");
        var provider = P.Written(payload.Provider, "payload.Provider");
        var body = WebhookBody.ToStore(payload.PayloadJson, "payload.PayloadJson");
        var (headers, deliveryId) = WebhookHeaders.ToStore(payload.Headers, payload.Provider, "payload.Headers");

        // The lock serializes copies of one delivery, and each statement sees what was committed before it starts. A unique index is not
        // possible: rows of the Python services store deliveries more than once. Without a delivery id the lock's key is NULL, which locks
        // nothing.
        var @lock = new Statement("""
            SELECT 1
            FROM pg_catalog.pg_advisory_xact_lock(
                'webhook_payloads'::regclass::oid::int, pg_catalog.hashtext(@provider || ' '::text || @deliveryId))
            """, P.Text(provider), P.TextOrNull(deliveryId));
        var insert = new Statement($"""
            INSERT INTO webhook_payloads AS w (id, provider, payload_json, headers, received_at)
            SELECT @id, @provider, @payloadJson::jsonb, @headers::jsonb, {ServerTime.Present}
            WHERE NOT EXISTS (
                SELECT FROM webhook_payloads w WHERE pg_catalog.lower(w.provider::text) = @provider AND {DeliveryId} = @deliveryId)
            ON CONFLICT (id) DO UPDATE
            SET id = excluded.id
            WHERE pg_catalog.lower(w.provider::text) = excluded.provider::text AND {DeliveryId} IS NOT DISTINCT FROM @deliveryId
            RETURNING w.id, w.deployment_id
            """,
            P.Of(id),
            P.Text(provider),
            P.Json(body, "payloadJson"),
            P.Json(headers),
            P.TextOrNull(deliveryId),
            ServerTime.Now(clock));
        var state = new Statement($"""
            SELECT w.id, w.deployment_id
            FROM webhook_payloads w
            WHERE pg_catalog.lower(w.provider::text) = @provider AND {DeliveryId} = @deliveryId
            ORDER BY w.id = @id DESC, w.deployment_id IS NULL, w.received_at, w.id
            LIMIT 1
            """, P.Of(id), P.Text(provider), P.TextOrNull(deliveryId));
        return await db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                var stored = await sets.FindAsync(ReadStored).ConfigureAwait(false);
                var met = await sets.FindAsync(ReadStored).ConfigureAwait(false);

                // A row with the given id was stored by the first attempt of this request.
                return stored ?? (met is null || met.PayloadId == id ? met : met with { Outcome = WebhookStoreOutcome.Duplicate });
            },
            [@lock, insert, state], cancellationToken).ConfigureAwait(false)
            ?? throw DuplicateException.OfId("webhook_payloads_pkey");
    }

    public Task<AttachOutcome> AttachDeploymentAsync(Guid id, Guid deploymentId, CancellationToken cancellationToken)
    {
        var attach = new Statement("""
            UPDATE webhook_payloads w
            SET deployment_id = @deploymentId
            WHERE w.id = @id AND (w.deployment_id IS NULL OR w.deployment_id = @deploymentId)
            RETURNING w.id
            """, P.Of(id), P.Of(deploymentId));
        var current = new Statement("""
            SELECT w.id
            FROM webhook_payloads w
            WHERE w.id = @id
            """, P.Of(id));
        return db.WriteBatchAsync(
            async sets =>
            {
                var isAttached = await sets.AnyAsync().ConfigureAwait(false);
                var exists = await sets.AnyAsync().ConfigureAwait(false);
                return isAttached ? AttachOutcome.Attached : exists ? AttachOutcome.OtherDeployment : AttachOutcome.NotFound;
            },
            [attach, current], cancellationToken);
    }

    // The array is computed once and its rows are found by primary key; the planner would join an IN with the whole table.
    public Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) =>
        db.WriteAsync($"""
            DELETE FROM webhook_payloads w
            WHERE w.id = ANY (ARRAY(
                SELECT e.id
                FROM webhook_payloads e
                WHERE {Purgeable}
                ORDER BY e.received_at, e.id
                LIMIT @limit
                FOR UPDATE SKIP LOCKED
            ))
            """,
            [P.Of(before), P.Of(Limit.Check(limit, IWebhookPayloadRepository.MaxPurgeSize), nameof(limit))],
            cancellationToken);

    /// <summary>Lists the deployments whose ids are in a range, oldest project first.</summary>
    internal Task<IReadOnlyList<Deployment>> ListDeploymentsAsync(Guid lowest, Guid highest, CancellationToken cancellationToken) =>
        db.ListAsync(DeploymentRepository.Read, $"""
            SELECT {DeploymentRepository.Columns}
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE d.id >= @lowest AND d.id <= @highest
            ORDER BY p.created_at, p.id
            """, [P.Of(lowest), P.Of(highest)], cancellationToken);

    private static WebhookStoreResult ReadStored(RowReader row) => new(WebhookStoreOutcome.Stored, row.Guid(), row.GuidOrNull());

    private static WebhookPayloadSummary ReadSummary(RowReader row) => new()
    {
        Id = row.Guid(),
        DeploymentId = row.GuidOrNull(),
        Provider = row.Value<WebhookProvider>(),
        DeliveryId = row.TextOrNull(),
        EventName = row.TextOrNull(),
        ReceivedAt = row.Time(),
    };
}
