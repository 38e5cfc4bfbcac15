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
            var pushes = context.RequestServices.GetRequiredService<IPlatformPushes>();
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
            limit.MaxRequestBodySize = Max + 1;
        }

        using var body = new MemoryStream((int)(context.Request.ContentLength ?? 0));
        var buffer = new byte[64 * 1024];
        while (await context.Request.Body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            if (body.Length + read > Max)
            {
                return null;
            }

            body.Write(buffer, 0, read);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
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
