using System.Text.RegularExpressions;
using System.Threading.Channels;
using AutoStack.Data.Deployments;

namespace Quickstart;

/// <summary>
/// Stores the lines of one build. A build writes hundreds of lines at once, and a commit for each would be slower than the compiler: what comes
/// within a tenth of a second is appended together, and nobody who writes waits for the database.
/// </summary>
internal sealed partial class BuildLog : IAsyncDisposable
{
    private static readonly TimeSpan Collect = TimeSpan.FromMilliseconds(100);

    private readonly Channel<NewDeploymentLog> lines = Channel.CreateUnbounded<NewDeploymentLog>(new() { SingleReader = true });
    private readonly Task storing;

    public BuildLog(IDeploymentLogRepository logs, Guid deploymentId) => storing = StoreAsync(logs, deploymentId);

    /// <summary>Takes a line of a program's output.</summary>
    public void Write(string line) => Write(line, LevelOf(line));

    /// <summary>Takes a line; one that comes after <see cref="CompleteAsync"/> is dropped.</summary>
    public void Write(string line, DeploymentLogLevel level) =>
        lines.Writer.TryWrite(new NewDeploymentLog { Timestamp = DateTimeOffset.UtcNow, Level = level, Message = line });

    /// <summary>Waits until every line is committed.</summary>
    public Task CompleteAsync()
    {
        lines.Writer.TryComplete();
        return storing;
    }

    public async ValueTask DisposeAsync() => await CompleteAsync();

    // What a line says counts, not the stream it comes from: Git reports progress on standard error, MSBuild errors on standard output.
    private static DeploymentLogLevel LevelOf(string line) => Severity().Match(line) switch
    {
        { Success: false } => DeploymentLogLevel.Info,
        { Groups: var groups } when groups["warning"].Success => DeploymentLogLevel.Warning,
        _ => DeploymentLogLevel.Error,
    };

    private async Task StoreAsync(IDeploymentLogRepository logs, Guid deploymentId)
    {
        var batch = new List<NewDeploymentLog>();
        while (await lines.Reader.WaitToReadAsync())
        {
            // Ends early when the build does.
            await Task.WhenAny(lines.Reader.Completion, Task.Delay(Collect));
            while (batch.Count < IDeploymentLogRepository.MaxBatchSize && lines.Reader.TryRead(out var line))
            {
                batch.Add(line);
            }

            // Without a token: what a cancelled build had to say is kept.
            await logs.AppendAsync(deploymentId, batch, CancellationToken.None);
            batch.Clear();
        }
    }

    [GeneratedRegex(@"^(error|fatal|fail): |: error( [A-Z]+\d+)?: |(?<warning>^warning: |: warning( [A-Z]+\d+)?: )", RegexOptions.ExplicitCapture)]
    private static partial Regex Severity();
}
