using System.Diagnostics;
using AutoStack.Data.Accounts;
using AutoStack.Data.Logs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace AutoStack.Data.AspNetCore;

/// <summary>Which problem an exception is. An exception without an entry is a fault of the service: 500, as ASP.NET Core answers.</summary>
internal static class ExceptionProblems
{
    private const string Library = "AutoStack.Data";

    /// <summary>Finds the problem of an exception; null for a fault of the service.</summary>
    public static ProblemDetails? Find(Exception exception) => exception switch
    {
        AutoStackDataException own => Find(own),
        ArgumentException argument when IsOfLibrary(argument) => Invalid(argument),
        FormatException format when IsOfLibrary(format) => Problem.InvalidArgument.ToDetails(format.Message),

        // ASP.NET Core throws it when a parameter cannot be bound.
        BadHttpRequestException request => (Problem.BadRequest with { Status = request.StatusCode }).ToDetails(request.Message),
        _ => null,
    };

    private static ProblemDetails? Find(AutoStackDataException exception)
    {
        if (exception is LogLinesRefusedException { InnerException: { } refusal })
        {
            return Find(refusal);
        }

        Problem? problem = exception switch
        {
            DatabaseUnavailableException => Problem.Unavailable,
            StatementTimeoutException => Problem.Timeout,
            PasswordHasherBusyException => Problem.Busy,
            ConflictException => Problem.Conflict,
            DuplicateException => Problem.Duplicate,
            MissingReferenceException => Problem.NotFound,
            InvalidValueException => Problem.InvalidArgument,
            _ => null,
        };
        if (problem is null)
        {
            return null;
        }

        // The messages of the others name indexes and constraints, which are not the client's business.
        var details = problem.ToDetails(exception is DatabaseUnavailableException ? Sentence(exception) : null);
        if (exception.IsTransient)
        {
            details.Extensions["retryable"] = true;
            details.Extensions["outcomeUnknown"] = exception.OutcomeUnknown;
        }

        return details;
    }

    private static ProblemDetails Invalid(ArgumentException exception)
    {
        var details = Problem.InvalidArgument.ToDetails(Message(exception));
        if (exception.ParamName is { } name)
        {
            details.Extensions["argument"] = name;
        }

        return details;
    }

    private static string Sentence(AutoStackDataException exception) => exception.OutcomeUnknown
        ? "The change may have been stored: look before you repeat it."
        : "Nothing was stored.";

    // Without the lines that the base class appends: "(Parameter 'name')" and "Actual value was …".
    private static string Message(ArgumentException exception)
    {
        var message = exception.Message;
        var end = message.IndexOfAny(['\r', '\n']);
        message = end < 0 ? message : message[..end];
        var suffix = $" (Parameter '{exception.ParamName}')";
        return message.EndsWith(suffix, StringComparison.Ordinal) ? message[..^suffix.Length] : message;
    }

    // An argument that the service got wrong elsewhere is the service's fault. The library checks its arguments in the method that was
    // called, or in a helper of the runtime that it calls.
    private static bool IsOfLibrary(Exception exception)
    {
        foreach (var frame in new StackTrace(exception, fNeedFileInfo: false).GetFrames())
        {
            var assembly = DiagnosticMethodInfo.Create(frame)?.DeclaringAssemblyName.Split(',')[0];
            if (assembly is not (null or "System.Private.CoreLib"))
            {
                return assembly == Library;
            }
        }

        return false;
    }
}
