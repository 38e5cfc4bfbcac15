namespace AutoStack.Data.Webhooks;

/// <summary>
/// The table <c>webhook_payloads</c>, for the platform's own work: its rows have no owner. <see cref="IPushes"/> stores pushes.
/// </summary>
public interface IWebhookPayloadRepository
{
    /// <summary>The maximum number of rows per page.</summary>
    const int MaxListSize = 1000;

    /// <summary>The maximum number of rows per purge.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>
    /// The maximum size of a body that is stored unchanged, in bytes of UTF-8: 25 MiB, slightly more than GitHub's maximum.
    /// </summary>
    const int MaxPayloadBytes = 25 * 1024 * 1024;

    /// <summary>
    /// The maximum nesting of a body that is stored unchanged: many times that of the providers' bodies, and within the limits of every
    /// server's stack and of all but the strictest JSON readers.
    /// </summary>
    const int MaxDepth = 200;

    /// <summary>The maximum number of values (objects, lists, texts, numbers and so on) in a body that is stored unchanged.</summary>
    const int MaxValues = 2_000_000;

    /// <summary>The maximum length of a header value that is stored, in UTF-16 units.</summary>
    const int MaxHeaderLength = 1024;

    /// <summary>Finds a webhook by id.</summary>
    /// <param name="id">The id of the row.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The webhook with body and headers; null when the row does not exist.</returns>
    Task<WebhookPayload?> FindAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Lists webhooks without their bodies, newest first.</summary>
    /// <param name="filter">The filter; <see cref="WebhookPayloadFilter.All"/> for all webhooks.</param>
    /// <param name="cursor">The place: <see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> to continue.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The webhooks.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="filter"/> is null, or <paramref name="cursor"/> belongs to another kind of list.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of range.</exception>
    Task<Page<WebhookPayloadSummary>> ListAsync(
        WebhookPayloadFilter filter, Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores a webhook, unless its delivery is already stored, by this library or by the Python services. Of two concurrent copies, one is
    /// stored. In a unit of work, other copies of the delivery block until the unit ends. A repeated call with the same id returns
    /// <see cref="WebhookStoreOutcome.Stored"/>; one without an id returns <see cref="WebhookStoreOutcome.Duplicate"/>.
    /// </summary>
    /// <remarks>
    /// A delivery is identified by <c>x-github-delivery</c>; at GitLab by <c>idempotency-key</c>, or without it by
    /// <c>x-gitlab-event-uuid</c>; at Bitbucket Cloud by <c>x-request-uuid</c>. A blank value, and one longer than
    /// <see cref="MaxHeaderLength"/>, is not stored. Without such a header, as at Bitbucket Data Center, every call stores a row.
    /// <para>
    /// No body is refused. A number longer than 400 digits once its exponent is written out is stored as a text; a value nested deeper than
    /// <see cref="MaxDepth"/> is replaced by <c>[nested too deeply]</c>; a body larger than <see cref="MaxPayloadBytes"/>, or with more
    /// than <see cref="MaxValues"/> values, by <c>{"not_stored": reason}</c>. Secrets that providers are known to send are stored as
    /// <c>[redacted]</c>.
    /// </para>
    /// </remarks>
    /// <param name="payload">The webhook.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>Whether the webhook was stored, and the row that stores the delivery.</returns>
    /// <exception cref="ArgumentException">
    /// The provider is unknown, the body is missing, or the headers are not an object; the message names the value.
    /// </exception>
    /// <exception cref="DuplicateException">The id belongs to another delivery.</exception>
    Task<WebhookStoreResult> StoreAsync(NewWebhookPayload payload, CancellationToken cancellationToken = default);

    /// <summary>Records the deployment that a webhook started; if it started several, one of them.</summary>
    /// <param name="id">The id of the row.</param>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether the row now has the deployment; a repeated call returns <see cref="AttachOutcome.Attached"/> again.</returns>
    /// <exception cref="MissingReferenceException">The deployment does not exist.</exception>
    Task<AttachOutcome> AttachDeploymentAsync(Guid id, Guid deploymentId, CancellationToken cancellationToken = default);

    /// <summary>Removes old webhooks, oldest first. A delivery sent again afterwards counts as new.</summary>
    /// <param name="before">Only webhooks received before this moment are removed.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxPurgeSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>
    /// The number of rows removed; repeat the call while it returns <paramref name="limit"/>. Rows locked by another transaction are
    /// skipped. After a lost answer the library repeats the call, which removes and counts further rows.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}
