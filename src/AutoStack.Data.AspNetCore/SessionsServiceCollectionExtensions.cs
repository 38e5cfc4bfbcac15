using AutoStack.Data.Accounts;
using AutoStack.Data.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the sessions of AutoStack.Data as the authentication of ASP.NET Core.</summary>
public static class SessionsServiceCollectionExtensions
{
    /// <summary>
    /// Registers the scheme <see cref="SessionAuthenticationOptions.Scheme"/> as the default: a request presents its session token in the
    /// header <c>Authorization: Bearer</c> or in a cookie, and a request without one gets 401. <see cref="SessionSignIn"/> signs users in
    /// and out, and <see cref="CurrentSession"/> is the session as a parameter of a handler.
    /// </summary>
    /// <param name="services">The services; <c>AddAutoStackData</c> registers the repositories.</param>
    /// <param name="configure">Sets the options; null for the defaults.</param>
    /// <returns>The builder, for further schemes.</returns>
    public static AuthenticationBuilder AddAutoStackSessions(
        this IServiceCollection services, Action<SessionAuthenticationOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(provider => new SessionSignIn(
            provider.GetRequiredService<IIdentityRepository>(),
            provider.GetRequiredService<IPasswordHasher>(),
            provider.GetRequiredService<ISignInThrottle>(),
            provider.GetRequiredService<ISessionRepository>(),
            provider.GetRequiredService<IOptionsMonitor<SessionAuthenticationOptions>>()));
        services.AddAuthorization();
        services.AddOptions<SessionAuthenticationOptions>(SessionAuthenticationOptions.Scheme).ValidateOnStart();
        return services
            .AddAuthentication(SessionAuthenticationOptions.Scheme)
            .AddScheme<SessionAuthenticationOptions, SessionAuthenticationHandler>(SessionAuthenticationOptions.Scheme, configure);
    }
}
