using System.Text.RegularExpressions;
using AutoStack.Data.Logs;

namespace Quickstart;

/// <summary>The log of one build. The writer of the library stores its lines, together with those of all other builds.</summary>
internal sealed partial class BuildLog(IDeploymentLogWriter writer, Guid deploymentId)
{
    private volatile bool isComplete;

    /// <summary>Takes a line of a program's output.</summary>
    public void Write(string line) => Write(line, LevelOf(line));

    /// <summary>Takes a line; one that comes after <see cref="CompleteAsync"/> is dropped.</summary>
    public void Write(string line, DeploymentLogLevel level)
    {
        if (!isComplete)
        {
            // The program's output is read here: should the writer have no room, the program waits. Without a token: what a cancelled build
            // had to say is kept.
            var written = writer.WriteAsync(deploymentId, new NewDeploymentLog { Level = level, Message = line }, CancellationToken.None);
            written.GetAwaiter().GetResult();
        }
    }

    /// <summary>Waits until every line is committed.</summary>
    public Task CompleteAsync()
    {
        isComplete = true;
        return writer.FlushAsync(deploymentId, CancellationToken.None);
    }

    // What a line says counts, not the stream it comes from: Git reports progress on standard error, MSBuild errors on standard output.
    private static DeploymentLogLevel LevelOf(string line) => Severity().Match(line) switch
    {
        { Success: false } => DeploymentLogLevel.Info,
        { Groups: var groups } when groups["warning"].Success => DeploymentLogLevel.Warning,
        _ => DeploymentLogLevel.Error,
    };

    [GeneratedRegex(
        @"^(error|fatal|fail): |: error( [A-Z]+\d+)?: |(?<warning>^warning: |: warning( [A-Z]+\d+)?: )",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Severity();
}
