using AutoStack.Data.AspNetCore;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the answers to the exceptions of AutoStack.Data.</summary>
public static class AutoStackProblemDetailsServiceCollectionExtensions
{
    /// <summary>
    /// Registers problem details (RFC 9457) as the answers to the exceptions of the library: 503 with <c>Retry-After</c> while the database
    /// is away or busy, 409 after a conflict or for a value that exists, 404 for a row that is gone, 400 for an argument, whose name is in
    /// the member <c>argument</c>, and 400 for a body or parameter that cannot be read
    /// (<see cref="RouteHandlerOptions.ThrowOnBadRequest"/>). Other exceptions stay with the host.
    /// </summary>
    /// <remarks>
    /// Call <c>app.UseExceptionHandler()</c>, <c>app.UseStatusCodePages()</c>, <c>app.UseAuthentication()</c> and
    /// <c>app.UseAuthorization()</c> in this order: left to itself, ASP.NET Core authenticates before the first two, and a request whose
    /// session cannot be looked up would get 500.
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <returns>The services.</returns>
    public static IServiceCollection AddAutoStackProblemDetails(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddProblemDetails();

        // Otherwise ASP.NET Core throws in development only, and answers a production client without the problem.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IExceptionHandler, AutoStackExceptionHandler>());
        return services;
    }
}
