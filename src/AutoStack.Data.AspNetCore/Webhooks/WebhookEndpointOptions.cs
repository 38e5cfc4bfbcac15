using AutoStack.Data.Webhooks;
using Microsoft.AspNetCore.Http;

namespace AutoStack.Data.AspNetCore;

/// <summary>The settings of an endpoint that takes webhooks.</summary>
public sealed class WebhookEndpointOptions
{
    /// <summary>
    /// The secrets that sign deliveries, at least one; several while one is being replaced. A secret that a tenant knows can sign a body
    /// that names any repository: set <see cref="Accept"/> then.
    /// </summary>
    public IList<Secret> Secrets { get; } = [];

    /// <summary>How pushes are handled.</summary>
    public PushOptions Push { get; set; } = PushOptions.Default;

    /// <summary>
    /// Decides whether a push may come through this endpoint, such as whether its <see cref="Data.Webhooks.Push.RepositoryId"/> is that of
    /// the project to which the secret belongs; a refused one gets 403, and is not stored. Null, the default, accepts every signed push.
    /// </summary>
    public Func<HttpContext, Push, ValueTask<bool>>? Accept { get; set; }

    /// <summary>
    /// Called with the result of each delivery, such as to verify the access of owners that is not proven. Null for no call.
    /// </summary>
    public Func<HttpContext, PushResult, ValueTask>? Handled { get; set; }
}
