namespace AutoStack.Data.Webhooks;

/// <summary>
/// The table <c>webhook_payloads</c>, for the platform's own work: a row has no owner. <see cref="IPlatformPushes"/> stores pushes.
/// </summary>
public interface IWebhookPayloadRepository
{
    /// <summary>The most rows that a list returns or a purge removes at once.</summary>
    const int MaxListSize = 1000;

    /// <summary>The longest body that is stored as it is, in bytes of UTF-8: 25 MiB, a little more than GitHub sends at the most.</summary>
    const int MaxPayloadBytes = 25 * 1024 * 1024;

    /// <summary>
    /// The deepest nesting of a body that is stored as it is: many times what providers send, and less than any server's stack and any
    /// reader of JSON but the
    /// most careful ones bear.
    /// </summary>
    const int MaxDepth = 200;

    /// <summary>The most values (objects, lists, texts, numbers and so on) of a body that is stored as it is.</summary>
    const int MaxValues = 2_000_000;

    /// <summary>The longest value of a header that is stored, in UTF-16 units.</summary>
    const int MaxHeaderLength = 1024;

    /// <summary>Finds a webhook by its id.</summary>
    /// <param name="id">The id of the row.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The webhook with body and headers; null when there is none.</returns>
    Task<WebhookPayload?> FindAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Lists webhooks without their bodies, the newest first.</summary>
    /// <param name="filter">Which ones.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="after">Where to go on: time and id of the last row seen, or <see cref="WebhookPayloadCursor.Start"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The rows; fewer than <paramref name="limit"/> at the end of the list.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="filter"/> is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<WebhookPayloadSummary>> ListAsync(
        WebhookPayloadFilter filter, int limit, WebhookPayloadCursor after, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores a webhook, unless its delivery is stored already, by this library or by the Python services. Of two that arrive at once,
    /// one is
    /// stored. In a unit of work, the same delivery waits elsewhere for its end.
    /// </summary>
    /// <remarks>
    /// A delivery is identified by <c>x-github-delivery</c>; at GitLab by <c>idempotency-key</c>, and without one by
    /// <c>x-gitlab-event-uuid</c>; at
    /// Bitbucket Cloud by <c>x-request-uuid</c>. A blank one, and one longer than <see cref="MaxHeaderLength"/>, is not stored. Without
    /// such a header, as
    /// at Bitbucket Data Center, every call stores a row.
    /// <para>
    /// No body is refused. A number that is longer than 400 digits once its exponent is written out is stored as a text; what is nested
    /// deeper than
    /// <see cref="MaxDepth"/> is replaced by <c>[nested too deeply]</c>; a body that is longer than <see cref="MaxPayloadBytes"/>, or has
    /// more than
    /// <see cref="MaxValues"/>, by <c>{"not_stored": reason}</c>. Secrets that providers are known to send are stored as <c>[redacted]</c>.
    /// </para>
    /// </remarks>
    /// <param name="payload">The webhook.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>Whether it was stored, and the row that holds it.</returns>
    /// <exception cref="ArgumentException">The sender is not known, the body is missing, or the headers are not an object; the message
    /// names what.</exception>
    /// <exception cref="DuplicateException">The id belongs to another delivery.</exception>
    Task<WebhookStoreResult> StoreAsync(NewWebhookPayload payload, CancellationToken cancellationToken = default);

    /// <summary>Notes the deployment that a webhook started. When it started several, one of them.</summary>
    /// <param name="id">The id of the row.</param>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>True also when it was noted before; false when there is no such webhook, or it has another deployment.</returns>
    /// <exception cref="MissingReferenceException">There is no such deployment.</exception>
    Task<bool> AttachDeploymentAsync(Guid id, Guid deploymentId, CancellationToken cancellationToken = default);

    /// <summary>Removes old webhooks, the oldest first. A delivery that is sent again after that counts as new.</summary>
    /// <param name="before">Those that arrived before this time.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of rows removed; call again while it is <paramref name="limit"/>. Rows that another transaction holds are
    /// passed over.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}
