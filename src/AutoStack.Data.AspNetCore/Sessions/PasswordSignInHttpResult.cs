using System.Globalization;
using System.Reflection;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace AutoStack.Data.AspNetCore;

/// <summary>
/// The answer to a sign-in with a password: <see cref="AutoStackResults.ToHttpResult(PasswordSignInResult, TimeProvider?)"/>. Its statuses
/// are in the description of the API.
/// </summary>
public sealed class PasswordSignInHttpResult : IResult, INestedHttpResult, IEndpointMetadataProvider
{
    private readonly string? retryAfter;

    internal PasswordSignInHttpResult(PasswordSignInResult result, TimeProvider clock)
    {
        if (result.Outcome == PasswordSignInOutcome.LockedOut)
        {
            var seconds = Math.Max(1, (long)Math.Ceiling((result.LockedUntil!.Value - clock.GetUtcNow()).TotalSeconds));
            retryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        Result = result.Outcome switch
        {
            PasswordSignInOutcome.SignedIn => TypedResults.NoContent(),
            PasswordSignInOutcome.LockedOut => Problem.LockedOut.ToResult($"Try again in {retryAfter} s."),
            PasswordSignInOutcome.Superseded => Problem.Superseded.ToResult(),
            PasswordSignInOutcome.OtherOrigin => Problem.OtherOrigin.ToResult(),
            _ => Problem.WrongCredentials.ToResult(),
        };
    }

    /// <summary>The body and the status of the answer: a <c>NoContent</c>, or a <c>ProblemHttpResult</c>.</summary>
    public IResult Result { get; }

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        if (retryAfter is not null)
        {
            httpContext.Response.Headers.RetryAfter = retryAfter;
        }

        return Result.ExecuteAsync(httpContext);
    }

    static void IEndpointMetadataProvider.PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status204NoContent, typeof(void)));
        Problem.Describe(
            builder, Problem.WrongCredentials.Status, Problem.OtherOrigin.Status, Problem.Superseded.Status, Problem.LockedOut.Status);
    }
}
