using System.Text.Json;
using AutoStack.Data.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.AspNetCore;

/// <summary>Takes a delivery: checks its signature over the bytes as they came, and hands it to the library.</summary>
internal sealed class WebhookEndpoint(WebhookProvider provider, WebhookEndpointOptions options)
{
    // The time of a parser grows with the square of the nesting; the library stores less than this.
    private const int MaxDepth = 1000;

    // The maximum that is reserved for a body before its first byte has arrived.
    private const int FirstBytes = 64 * 1024;

    public async Task<IResult> HandleAsync(HttpContext context)
    {
        var request = context.Request;
        if (!request.HasJsonContentType())
        {
            return Problem.WrongMediaType.ToResult("Set the content type of the hook to application/json.");
        }

        var cancellationToken = context.RequestAborted;
        if (await ReadAsync(context, cancellationToken).ConfigureAwait(false) is not { } body)
        {
            return Problem.TooLarge.ToResult($"A delivery has at most {IWebhookPayloadRepository.MaxPayloadBytes} bytes.");
        }

        var clock = context.RequestServices.GetRequiredService<TimeProvider>();
        if (!WebhookSignature.IsValid(provider, body.Span, name => request.Headers[name], options.Secrets.AsReadOnly(), clock))
        {
            return Problem.WrongSignature.ToResult();
        }

        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
        }
        catch (JsonException)
        {
            return Problem.BadRequest.ToResult("The body is not JSON.");
        }

        using (document)
        {
            if (options.Accept is { } accept && Push.TryParse(provider, document.RootElement, out var push)
                && !await accept(context, push).ConfigureAwait(false))
            {
                return Problem.WrongRepository.ToResult();
            }

            var delivery = new NewWebhookPayload
            {
                Provider = provider,
                PayloadJson = document.RootElement,
                Headers = HeadersOf(request.Headers),
            };
            var pushes = context.RequestServices.GetRequiredService<IPushes>();
            var result = await pushes.HandleAsync(delivery, options.Push, cancellationToken).ConfigureAwait(false);
            if (options.Handled is { } handled)
            {
                await handled(context, result).ConfigureAwait(false);
            }

            return TypedResults.Ok(new WebhookAnswer(result.Outcome.ToString(), result.Deployments.Count));
        }
    }

    // Null for a body that is too large, whatever length it claims.
    private static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        const int Max = IWebhookPayloadRepository.MaxPayloadBytes;
        if (context.Request.ContentLength > Max)
        {
            return null;
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            // Kestrel also counts the framing of chunks, so that its limit leaves room for as many bytes again.
            limit.MaxRequestBodySize = 2 * Max;
        }

        // Grows with the bytes that arrive, since a claimed length costs its sender nothing. One byte stays free: a read into a full buffer
        // would return 0, as at the end.
        var body = new byte[Math.Min((context.Request.ContentLength ?? FirstBytes) + 1, FirstBytes)];
        var length = 0;
        while (await context.Request.Body.ReadAsync(body.AsMemory(length), cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            length += read;
            if (length > Max)
            {
                return null;
            }

            if (length == body.Length)
            {
                Array.Resize(ref body, Math.Min(2 * length, Max + 1));
            }
        }

        return body.AsMemory(0, length);
    }

    private static JsonElement HeadersOf(IHeaderDictionary headers)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            foreach (var (name, value) in headers)
            {
                json.WriteString(name, value.ToString());
            }

            json.WriteEndObject();
        }

        return JsonElement.Parse(text.GetBuffer().AsSpan(0, (int)text.Length));
    }

    /// <summary>The answer to a delivery, for the provider's list of deliveries; it says nothing of whose deployments they are.</summary>
    internal sealed record WebhookAnswer(string Outcome, int Deployments);
}
