using System.Text.Json;

namespace AutoStack.Data.Webhooks;

/// <summary>A webhook as it was delivered. Two of them are equal when they come from one read: JSON is not compared by content.</summary>
public sealed record WebhookPayload
{
    /// <summary>The id of the row.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment that it started; null when it started none, or that is purged.</summary>
    public required Guid? DeploymentId { get; init; }

    /// <summary>Who sent it.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>
    /// The body. Secrets in it read <c>[redacted]</c>, escapes that have no text (U+0000, halves of surrogate pairs) U+FFFD, also in rows
    /// of the Python
    /// services, which hold them in clear.
    /// </summary>
    public required JsonElement PayloadJson { get; init; }

    /// <summary>
    /// The request headers that name the event, the delivery and the sender, by their name in lower case; of a signature the algorithm.
    /// Rows of the Python
    /// services hold all headers: the values of the others read <c>[redacted]</c>.
    /// </summary>
    public required JsonElement Headers { get; init; }

    /// <summary>When it arrived.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>What the row is, without body and headers.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"WebhookPayload {{ Id = {Id}, Provider = {Provider}, ReceivedAt = {ReceivedAt:O} }}";
}

/// <summary>A webhook to be stored.</summary>
public sealed record NewWebhookPayload
{
    /// <summary>
    /// The id; null to have one made. With one, a repeated request finds the row of the first and is told so as if it were the first.
    /// </summary>
    public Guid? Id { get; init; }

    /// <summary>Who sent it.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>The body; what is not stored as it is, see <see cref="IWebhookPayloadRepository.StoreAsync"/>.</summary>
    public required JsonElement PayloadJson { get; init; }

    /// <summary>
    /// The request headers: an object of texts, or of lists of texts, which are joined by a comma. Names may be in any case. Headers that
    /// name the event, the
    /// delivery or the sender are stored, of a signature the algorithm; all others are not.
    /// </summary>
    public required JsonElement Headers { get; init; }

    /// <summary>What is to be stored, without body and headers, which hold secrets.</summary>
    /// <returns>The text.</returns>
    public override string ToString() => $"NewWebhookPayload {{ Id = {Id}, Provider = {Provider} }}";
}

/// <summary>What came of storing a webhook.</summary>
/// <param name="Outcome">Whether it was stored.</param>
/// <param name="PayloadId">The row: the new one, or the one that holds the delivery already.</param>
/// <param name="DeploymentId">The deployment of that row; null when it has none, as a new one.</param>
public sealed record WebhookStoreResult(WebhookStoreOutcome Outcome, Guid PayloadId, Guid? DeploymentId);

/// <summary>How storing a webhook ended.</summary>
public enum WebhookStoreOutcome
{
    /// <summary>The delivery is new, and stored.</summary>
    Stored,

    /// <summary>The delivery came before. Nothing was stored: do nothing again.</summary>
    Duplicate,
}

/// <summary>A webhook in a list, without its body.</summary>
public sealed record WebhookPayloadSummary
{
    /// <summary>The id of the row.</summary>
    public required Guid Id { get; init; }

    /// <summary>The deployment that it started; null when it started none, or that is purged.</summary>
    public required Guid? DeploymentId { get; init; }

    /// <summary>Who sent it.</summary>
    public required WebhookProvider Provider { get; init; }

    /// <summary>The provider's id of the delivery; null when the headers hold none.</summary>
    public required string? DeliveryId { get; init; }

    /// <summary>
    /// What happened, in the provider's words, for example <c>push</c> or <c>Push Hook</c>; null when the headers do not say.
    /// </summary>
    public required string? EventName { get; init; }

    /// <summary>When it arrived.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }
}

/// <summary>Which webhooks a list holds.</summary>
public sealed record WebhookPayloadFilter
{
    /// <summary>All of them.</summary>
    public static WebhookPayloadFilter All { get; } = new();

    /// <summary>Those of one sender; null for all.</summary>
    public WebhookProvider? Provider { get; init; }

    /// <summary>Those that started one deployment; null for all.</summary>
    public Guid? DeploymentId { get; init; }
}

/// <summary>A place in a list of webhooks, which goes from the newest to the oldest.</summary>
/// <param name="ReceivedAt">When the last row seen arrived.</param>
/// <param name="Id">The id of the last row seen.</param>
public readonly record struct WebhookPayloadCursor(DateTimeOffset ReceivedAt, Guid Id)
{
    /// <summary>Before the newest; the same as <c>default</c>.</summary>
    public static WebhookPayloadCursor Start { get; }

    /// <summary>What comes after the place is smaller than this.</summary>
    internal WebhookPayloadCursor Bound => this == Start ? new(DateTimeOffset.MaxValue, Guid.AllBitsSet) : this;
}
