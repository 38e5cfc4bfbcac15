using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace AutoStack.Data.AspNetCore;

/// <summary>A kind of problem (RFC 9457) that the package answers with.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Kind">The last part of the type, for programs.</param>
/// <param name="Title">The title, for people; the same for every occurrence.</param>
internal sealed record Problem(int Status, string Kind, string Title)
{
    private const string TypePrefix = "urn:autostack:problem:";

    public static readonly Problem Unavailable =
        new(StatusCodes.Status503ServiceUnavailable, "unavailable", "The service cannot reach its database.");

    public static readonly Problem Timeout =
        new(StatusCodes.Status503ServiceUnavailable, "timeout", "The database took too long.");

    public static readonly Problem Busy =
        new(StatusCodes.Status503ServiceUnavailable, "busy", "The service is busy.");

    public static readonly Problem InvalidArgument =
        new(StatusCodes.Status400BadRequest, "invalid-argument", "A value of the request is not valid.");

    public static readonly Problem BadRequest =
        new(StatusCodes.Status400BadRequest, "bad-request", "The request cannot be read.");

    public static readonly Problem NotFound =
        new(StatusCodes.Status404NotFound, "not-found", "There is no such thing, or it belongs to another user.");

    public static readonly Problem Duplicate =
        new(StatusCodes.Status409Conflict, "duplicate", "The same value exists already.");

    public static readonly Problem Conflict =
        new(StatusCodes.Status409Conflict, "conflict", "Another request changed the same thing.");

    public static readonly Problem Superseded =
        new(StatusCodes.Status409Conflict, "superseded", "It has changed since it was read.");

    public static readonly Problem AlreadyFinished =
        new(StatusCodes.Status409Conflict, "already-finished", "The deployment has ended already.");

    public static readonly Problem EmailTaken =
        new(StatusCodes.Status409Conflict, "email-taken", "An account has this address.");

    public static readonly Problem LinkedElsewhere =
        new(StatusCodes.Status409Conflict, "linked-elsewhere", "The account is linked with another user.");

    public static readonly Problem LastWayIn =
        new(StatusCodes.Status409Conflict, "last-way-in", "Without this link nobody could sign in to the account.");

    public static readonly Problem SignInTooOld =
        new(StatusCodes.Status403Forbidden, "sign-in-too-old", "This needs a recent sign-in.");

    public static readonly Problem WrongCredentials =
        new(StatusCodes.Status401Unauthorized, "wrong-credentials", "The address or the password is wrong.");

    public static readonly Problem OtherOrigin =
        new(StatusCodes.Status403Forbidden, "other-origin", "The request comes from a page of another origin.");

    public static readonly Problem LockedOut =
        new(StatusCodes.Status429TooManyRequests, "locked-out", "Too many attempts.");

    public static readonly Problem WrongSignature =
        new(StatusCodes.Status401Unauthorized, "wrong-signature", "The signature of the delivery is wrong or missing.");

    public static readonly Problem WrongRepository =
        new(StatusCodes.Status403Forbidden, "wrong-repository", "The push is of another repository.");

    public static readonly Problem WrongMediaType =
        new(StatusCodes.Status415UnsupportedMediaType, "wrong-media-type", "The body is not JSON.");

    public static readonly Problem TooLarge =
        new(StatusCodes.Status413PayloadTooLarge, "too-large", "The body is too large.");

    /// <summary>The problem as a document.</summary>
    public ProblemDetails ToDetails(string? detail = null) =>
        new() { Status = Status, Type = TypePrefix + Kind, Title = Title, Detail = detail };

    /// <summary>Adds the statuses of problems to the description of an endpoint.</summary>
    public static void Describe(EndpointBuilder builder, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            builder.Metadata.Add(new ProducesResponseTypeMetadata(status, typeof(ProblemDetails), ["application/problem+json"]));
        }
    }

    /// <summary>The problem as the result of a handler.</summary>
    public ProblemHttpResult ToResult(string? detail = null) => TypedResults.Problem(ToDetails(detail));
}
