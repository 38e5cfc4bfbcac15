using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AutoStack.Data.AspNetCore;

/// <summary>
/// The results of the library as the answers of an API: a success is 200 or 204, everything else a problem (RFC 9457) whose <c>type</c>
/// a program reads.
/// </summary>
public static class AutoStackResults
{
    private static readonly TimeSpan DefaultHeartbeat = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestHeartbeat = TimeSpan.FromHours(1);

    /// <summary>Answers a row that was looked for: 200 with the row, or 404.</summary>
    /// <typeparam name="T">The type of the row.</typeparam>
    /// <param name="value">The row; null when there is none, or it belongs to another user.</param>
    /// <returns>The answer.</returns>
    public static Results<Ok<T>, ProblemHttpResult> OkOrNotFound<T>(T? value)
        where T : class => value is null ? Problem.NotFound.ToResult() : TypedResults.Ok(value);

    /// <summary>Answers a removal: 204 when the row is gone, or 404.</summary>
    /// <param name="removed">Whether there was such a row.</param>
    /// <returns>The answer.</returns>
    public static Results<NoContent, ProblemHttpResult> NoContentOrNotFound(bool removed) =>
        removed ? TypedResults.NoContent() : Problem.NotFound.ToResult();

    /// <summary>
    /// Streams the log of a deployment as server-sent events: its stored lines, and each further line soon after its commit. An event
    /// <c>line</c> has the cursor of its line as id, so that a browser that reconnects sends it as <c>Last-Event-ID</c> and gets every line
    /// once. The event <c>end</c> follows the last line of a finished deployment and has its status.
    /// </summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it; 404 for a deployment of another user.</param>
    /// <param name="heartbeat">
    /// The time after which a comment is sent when there is no line, so that no proxy takes the connection for dead; above zero, up to an
    /// hour. Null, the default, for 15 s.
    /// </param>
    /// <returns>The answer.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="heartbeat"/> is out of its range.</exception>
    public static LogEvents LogEvents(Guid deploymentId, Guid ownerId, TimeSpan? heartbeat = null) =>
        heartbeat <= TimeSpan.Zero || heartbeat > LongestHeartbeat
            ? throw new ArgumentOutOfRangeException(
                nameof(heartbeat), heartbeat, $"heartbeat is above zero, and at most {LongestHeartbeat}.")
            : new LogEvents(deploymentId, ownerId, heartbeat ?? DefaultHeartbeat);

    /// <summary>Answers a cancel: 204 when the deployment is cancelled, 409 when it had ended, 404.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>The answer.</returns>
    public static Results<NoContent, ProblemHttpResult> ToHttpResult(this CancelOutcome outcome) => outcome switch
    {
        CancelOutcome.AlreadyFinished => Problem.AlreadyFinished.ToResult(),
        CancelOutcome.NotFound => Problem.NotFound.ToResult(),
        _ => TypedResults.NoContent(),
    };

    /// <summary>Answers a change of a project: 200 with the project, 409 when it has another version, 404.</summary>
    /// <param name="result">The result.</param>
    /// <returns>The answer.</returns>
    public static Results<Ok<Project>, ProblemHttpResult> ToHttpResult(this ProjectUpdateResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return Changed(result.Outcome, result.Project);
    }

    /// <summary>Answers a change of an account: 200 with the account, 409 when it has another version, 404.</summary>
    /// <param name="result">The result.</param>
    /// <returns>The answer.</returns>
    public static Results<Ok<User>, ProblemHttpResult> ToHttpResult(this UserUpdateResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return Changed(result.Outcome, result.User);
    }

    /// <summary>Answers a new environment: 204, or 404.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>The answer.</returns>
    public static Results<NoContent, ProblemHttpResult> ToHttpResult(this EnvironmentOutcome outcome) =>
        NoContentOrNotFound(outcome == EnvironmentOutcome.Replaced);

    /// <summary>Answers a change of a password: 204, 409 when another change came first, 404.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>The answer.</returns>
    public static Results<NoContent, ProblemHttpResult> ToHttpResult(this PasswordChangeOutcome outcome) => outcome switch
    {
        PasswordChangeOutcome.Changed => TypedResults.NoContent(),
        PasswordChangeOutcome.Superseded => Problem.Superseded.ToResult(),
        _ => Problem.NotFound.ToResult(),
    };

    /// <summary>
    /// Answers a link with a provider's account: 204, 409 when it is linked elsewhere, 403 when the sign-in is too old, 404.
    /// </summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>The answer.</returns>
    public static Results<NoContent, ProblemHttpResult> ToHttpResult(this LinkOutcome outcome) => outcome switch
    {
        LinkOutcome.Linked => TypedResults.NoContent(),
        LinkOutcome.LinkedElsewhere => Problem.LinkedElsewhere.ToResult(),
        LinkOutcome.SignInTooOld => Problem.SignInTooOld.ToResult(),
        _ => Problem.NotFound.ToResult(),
    };

    /// <summary>Answers the removal of a link: 204, 409 when it is the last way to sign in, 404.</summary>
    /// <param name="outcome">The outcome.</param>
    /// <returns>The answer.</returns>
    public static Results<NoContent, ProblemHttpResult> ToHttpResult(this UnlinkOutcome outcome) => outcome switch
    {
        UnlinkOutcome.Unlinked => TypedResults.NoContent(),
        UnlinkOutcome.LastWayIn => Problem.LastWayIn.ToResult(),
        _ => Problem.NotFound.ToResult(),
    };

    /// <summary>
    /// Answers a registration: 200 with the account, or 409. A service whose registrations must not reveal who has an account answers both
    /// alike, and mails the difference.
    /// </summary>
    /// <param name="result">The result.</param>
    /// <returns>The answer.</returns>
    public static Results<Ok<User>, ProblemHttpResult> ToHttpResult(this RegistrationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return result.User is { } user ? TypedResults.Ok(user) : Problem.EmailTaken.ToResult();
    }

    /// <summary>
    /// Answers a sign-in with a password: 204 with the cookie, 401, 403 to a page of another origin, 429 with <c>Retry-After</c> during a
    /// lockout, 409 when the password was just changed.
    /// </summary>
    /// <param name="result">The result.</param>
    /// <param name="clock">The clock of the host; null for the machine's.</param>
    /// <returns>The answer.</returns>
    public static PasswordSignInHttpResult ToHttpResult(this PasswordSignInResult result, TimeProvider? clock = null)
    {
        ArgumentNullException.ThrowIfNull(result);
        return new PasswordSignInHttpResult(result, clock ?? TimeProvider.System);
    }

    private static Results<Ok<T>, ProblemHttpResult> Changed<T>(UpdateOutcome outcome, T? row)
        where T : class => outcome switch
        {
            UpdateOutcome.Updated => TypedResults.Ok(row!),
            UpdateOutcome.Conflict => Problem.Superseded.ToResult(),
            _ => Problem.NotFound.ToResult(),
        };
}
