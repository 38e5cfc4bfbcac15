using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.AspNetCore;

/// <summary>Answers exceptions that clients can act on with problem details, and leaves the others to the host.</summary>
internal sealed partial class AutoStackExceptionHandler(IProblemDetailsService problems, ILogger<AutoStackExceptionHandler> logger)
    : IExceptionHandler
{
    // The library tries again for as long as a call may take; a client comes back later than that.
    private const string RetryAfterSeconds = "5";

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (ExceptionProblems.Find(exception) is not { Status: { } status } details)
        {
            return false;
        }

        // The library reports an outage once, when it begins.
        LogAnswered(logger, exception, status);
        httpContext.Response.StatusCode = status;
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            httpContext.Response.Headers.RetryAfter = RetryAfterSeconds;
        }

        // False for a client that accepts no JSON: it gets the status alone.
        var answer = new ProblemDetailsContext { HttpContext = httpContext, ProblemDetails = details, Exception = exception };
        await problems.TryWriteAsync(answer).ConfigureAwait(false);
        return true;
    }

    [LoggerMessage(1, LogLevel.Debug, "An exception was answered with {Status}.")]
    private static partial void LogAnswered(ILogger logger, Exception exception, int status);
}
