using System.Diagnostics.CodeAnalysis;
using AutoStack.Data;
using AutoStack.Data.AspNetCore;
using AutoStack.Data.Webhooks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps endpoints that take webhooks.</summary>
public static class WebhookEndpointRouteBuilderExtensions
{
    /// <summary>
    /// Maps an endpoint that takes the webhooks of a provider: it checks the signature over the bytes as they came (401), stores the
    /// delivery, and queues the deployments of a push. <c>AddAutoStackDataWorkers</c> registers what it needs. The endpoint needs no
    /// session.
    /// </summary>
    /// <param name="endpoints">The endpoints.</param>
    /// <param name="pattern">The path, such as <c>/webhooks/github</c>.</param>
    /// <param name="provider">The provider.</param>
    /// <param name="configure">Sets the secrets, and how pushes are handled.</param>
    /// <returns>The endpoint, for further conventions.</returns>
    /// <exception cref="ArgumentException">
    /// The provider is unknown, or there is no secret, or a blank one, or a value of <see cref="WebhookEndpointOptions.Push"/> is out of
    /// its range.
    /// </exception>
    /// <exception cref="InvalidOperationException"><c>AddAutoStackDataWorkers</c> was not called.</exception>
    public static IEndpointConventionBuilder MapAutoStackWebhooks(
        this IEndpointRouteBuilder endpoints,
        [StringSyntax("Route")] string pattern,
        WebhookProvider provider,
        Action<WebhookEndpointOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentNullException.ThrowIfNull(configure);
        if (!provider.IsKnown)
        {
            throw new ArgumentException("provider is not known.", nameof(provider));
        }

        var options = new WebhookEndpointOptions();
        configure(options);
        if (options.Secrets.Count == 0 || options.Secrets.Any(secret => string.IsNullOrWhiteSpace(secret?.Reveal())))
        {
            throw new ArgumentException("Secrets is empty or has a blank secret, with which anybody could sign.", nameof(configure));
        }

        if (endpoints.ServiceProvider.GetService<IServiceProviderIsService>()?.IsService(typeof(IPushes)) == false)
        {
            throw new InvalidOperationException("MapAutoStackWebhooks needs AddAutoStackDataWorkers(), which registers IPushes.");
        }

        (options.Push ?? throw new ArgumentException("Push is null.", nameof(configure))).Validate();
        var endpoint = new WebhookEndpoint(provider, options);
        return endpoints.MapPost(pattern, (Func<HttpContext, Task<IResult>>)endpoint.HandleAsync).AllowAnonymous();
    }
}
