using System.Text.Json;

namespace AutoStack.Data.Webhooks;

/// <summary>A delivered webhook. Two records are equal only if they come from the same read: JSON is not compared by content.</summary>
public sealed record WebhookPayload
{
    /// <summary>The id of the row.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment that the webhook started; null when it started none, or when the deployment was purged.</summary>
    public required Guid? DeploymentId { get; init; }

    /// <summary>The provider that sent the webhook.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>
    /// The body. Secrets read <c>[redacted]</c>, and escapes without a text (U+0000, unpaired surrogates) U+FFFD, also in rows of the
    /// Python services, which store them in clear.
    /// </summary>
    public required JsonElement PayloadJson { get; init; }

    /// <summary>
    /// The request headers that name the event, the delivery and the sender, by lower-case name; of a signature the algorithm. Rows of the
    /// Python services store all headers: the values of the others read <c>[redacted]</c>.
    /// </summary>
    public required JsonElement Headers { get; init; }

    /// <summary>When the webhook was received.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Describes the row without body and headers.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"WebhookPayload {{ Id = {Id}, Provider = {Provider}, ReceivedAt = {ReceivedAt:O} }}";
}

/// <summary>A webhook to store.</summary>
public sealed record NewWebhookPayload
{
    /// <summary>
    /// The id, not the empty one; null to generate one. A repeated request with the same id returns the first request's row and outcome.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>The provider that sent the webhook.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>The body; see <see cref="IWebhookPayloadRepository.StoreAsync"/> for values that are not stored unchanged.</summary>
    public required JsonElement PayloadJson { get; init; }

    /// <summary>
    /// The request headers: an object of texts, or of lists of texts, which are joined by a comma. Names may have any case. Headers that
    /// name the event, the delivery or the sender are stored, of a signature the algorithm; all other headers are not stored.
    /// </summary>
    public required JsonElement Headers { get; init; }

    /// <summary>Describes the webhook without body and headers, which contain secrets.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"NewWebhookPayload {{ Id = {Id}, Provider = {Provider} }}";
}

/// <summary>The result of storing a webhook.</summary>
/// <param name="Outcome">Whether it was stored.</param>
/// <param name="PayloadId">The new row, or the row that already stores the delivery.</param>
/// <param name="DeploymentId">The deployment of that row; null when it has none, as a new row.</param>
public sealed record WebhookStoreResult(WebhookStoreOutcome Outcome, Guid PayloadId, Guid? DeploymentId);

/// <summary>How storing a webhook ended.</summary>
public enum WebhookStoreOutcome
{
    /// <summary>The delivery is new, and was stored.</summary>
    Stored,

    /// <summary>The delivery came before. Nothing was stored; do not handle it again.</summary>
    Duplicate,
}

/// <summary>How recording the deployment of a webhook ended.</summary>
public enum AttachOutcome
{
    /// <summary>The webhook has the deployment, now or since an earlier call.</summary>
    Attached,

    /// <summary>The webhook has another deployment; nothing was changed.</summary>
    OtherDeployment,

    /// <summary>The webhook does not exist.</summary>
    NotFound,
}

/// <summary>A webhook in a list, without its body.</summary>
public sealed record WebhookPayloadSummary
{
    /// <summary>The id of the row.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment that the webhook started; null when it started none, or when the deployment was purged.</summary>
    public required Guid? DeploymentId { get; init; }

    /// <summary>The provider that sent the webhook.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>The provider's id of the delivery; null when the headers do not name one.</summary>
    public required string? DeliveryId { get; init; }

    /// <summary>
    /// The provider's name of the event, for example <c>push</c> or <c>Push Hook</c>; null when the headers do not name one.
    /// </summary>
    public required string? EventName { get; init; }

    /// <summary>When the webhook was received.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }
}

/// <summary>Selects webhooks.</summary>
public sealed record WebhookPayloadFilter
{
    /// <summary>All webhooks.</summary>
    public static WebhookPayloadFilter All { get; } = new();

    /// <summary>The provider; null for all.</summary>
    public WebhookProvider? Provider { get; init; }

    /// <summary>The deployment that the webhooks started; null for all.</summary>
    public Guid? DeploymentId { get; init; }
}
