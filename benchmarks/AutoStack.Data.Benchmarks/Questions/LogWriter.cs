using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Logs;
using BenchmarkDotNet.Attributes;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>
/// Twenty lines each of a thousand builds at once, over one connection, until all are stored; the time is that of one line. The driver is
/// given all of them sorted, in one COPY: no writer can be quicker.
/// </summary>
public class LogWriter : Question
{
    private const int Builds = 1_000;
    private const int LinesEach = 20;
    private const int Lines = Builds * LinesEach;

    private IDeploymentLogWriter writer = null!;
    private Guid[] deployments = [];
    private string[] messages = [];

    public override async Task SetUpAsync()
    {
        await base.SetUpAsync();
        writer = Subjects.Get<IDeploymentLogWriter>();
        deployments = [.. Fixtures.Spread.Select(deployment => deployment.Id).Order()];
        messages = [.. Enumerable.Range(1, LinesEach).Select(LogAppend.Message)];
    }

    [Benchmark(Baseline = true, Description = Subjects.Npgsql, OperationsPerInvoke = Lines)]
    public async Task<int> Npgsql()
    {
        await RawCopy.AppendAsync(Subjects.Raw, deployments, messages);
        return Lines;
    }

    [Benchmark(Description = Subjects.Library, OperationsPerInvoke = Lines)]
    public async Task<int> Library()
    {
        await Task.WhenAll(deployments.Select(BuildAsync));
        await writer.FlushAsync(CancellationToken.None);
        return Lines;

        async Task BuildAsync(Guid id)
        {
            foreach (var message in messages)
            {
                await writer.WriteAsync(
                    id, new NewDeploymentLog { Level = DeploymentLogLevel.Info, Message = message }, CancellationToken.None);
            }
        }
    }
}
