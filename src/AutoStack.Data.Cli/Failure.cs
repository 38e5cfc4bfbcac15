using System.Text.Json;
using AutoStack.Data.Archives;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli;

/// <summary>The exit codes of the process. Scripts rely on the numbers.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Pending = 3;
    public const int Changed = 4;
    public const int Locked = 5;
    public const int NoConnection = 6;

    /// <summary>A report has warnings, and no error.</summary>
    public const int Warnings = 7;

    /// <summary>A report has errors.</summary>
    public const int Errors = 8;
}

/// <summary>The reason why a run failed: the exit code, a word for programs, a message for people.</summary>
internal sealed record Failure(int ExitCode, string Kind, string Message)
{
    public static CliException Usage(string message) => new(new Failure(Cli.ExitCode.Usage, "usage", message));

    public static CliException Cancelled(string message) => new(new Failure(Cli.ExitCode.Failed, "cancelled", message));

    /// <summary>The one place where an exception becomes an exit code.</summary>
    public static Failure Of(Exception exception, ProgressLines progress, bool showValues) => exception switch
    {
        CliException own => own.Failure,
        MigrationException migration => new(Code(migration.Error), Word(migration.Error), After(migration.Message, progress)),
        DatabaseUnavailableException => new(Cli.ExitCode.NoConnection, "noConnection", After(exception.Message, progress)),
        OperationCanceledException => new(Cli.ExitCode.Failed, "cancelled", $"Cancelled. {progress.Outcome ?? "Nothing was changed."}"),
        ArchiveException => new(Cli.ExitCode.Failed, "archive", After(exception.Message, progress)),
        PostgresException server => new(Cli.ExitCode.Failed, "unexpected", After(ServerError.Describe(server, showValues), progress)),
        _ => new(Cli.ExitCode.Failed, "unexpected", After(exception.GetBaseException().Message, progress)),
    };

    private static string After(string message, ProgressLines progress) =>
        progress.Outcome is { } outcome ? $"{message} {outcome}" : message;

    private static int Code(MigrationError error) => error switch
    {
        MigrationError.ScriptChanged => Cli.ExitCode.Changed,
        MigrationError.TargetInvalid => Cli.ExitCode.Usage,
        MigrationError.Locked => Cli.ExitCode.Locked,
        MigrationError.NoConnection or MigrationError.PooledConnection => Cli.ExitCode.NoConnection,
        _ => Cli.ExitCode.Failed,
    };

    private static string Word(MigrationError error) => JsonNamingPolicy.CamelCase.ConvertName(error.ToString());
}

/// <summary>Ends a run with a failure that the console itself has found.</summary>
internal sealed class CliException(Failure failure) : Exception(failure.Message)
{
    public Failure Failure => failure;
}
