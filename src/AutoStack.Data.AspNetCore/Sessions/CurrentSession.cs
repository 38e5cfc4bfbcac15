using System.Reflection;
using AutoStack.Data.Accounts;
using Microsoft.AspNetCore.Http;

namespace AutoStack.Data.AspNetCore;

/// <summary>
/// The session of the request and its user, as a parameter of a minimal API's handler. Require authorization for the endpoint; a nullable
/// parameter is null without a session.
/// </summary>
/// <param name="Session">The session.</param>
/// <param name="User">The user.</param>
public sealed record CurrentSession(Session Session, User User) : IBindableFromHttpContext<CurrentSession>
{
    /// <summary>The user's id, the owner that the methods of the repositories take.</summary>
    public Guid UserId => User.Id;

    /// <summary>Takes the session from the request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="parameter">The parameter; not used.</param>
    /// <returns>The session; null without one.</returns>
    public static ValueTask<CurrentSession?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        ArgumentNullException.ThrowIfNull(context);
        return ValueTask.FromResult(context.Features.Get<CurrentSession>());
    }
}
