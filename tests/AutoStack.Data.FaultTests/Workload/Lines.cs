using System.Globalization;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.Logs;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>Writes numbered lines of one writer into one log.</summary>
internal sealed class Lines(Service service, Ledger ledger, string writer, Guid deploymentId)
{
    private readonly LineCount count = ledger.Lines.GetOrAdd((deploymentId, writer), _ => new LineCount());

    /// <summary>The text of a line.</summary>
    public static string Text(string writer, int number) => string.Create(CultureInfo.InvariantCulture, $"{writer}#{number}");

    public async Task WriteAsync(int lines)
    {
        for (var i = 0; i < lines; i++)
        {
            var line = new NewDeploymentLog { Message = Text(writer, count.Written + 1) };
            await service.Get<IDeploymentLogWriter>().WriteAsync(deploymentId, line, CancellationToken.None);
            count.Written++;
        }
    }

    public async Task FlushAsync()
    {
        var written = count.Written;
        var result = await ledger.TryAsync(
            writer,
            "LogWriter.FlushAsync",
            async () =>
            {
                await service.Get<IDeploymentLogWriter>().FlushAsync(deploymentId, CancellationToken.None);
                return true;
            });
        count.Flushed = result.IsAcknowledged ? written : count.Flushed;
    }
}
