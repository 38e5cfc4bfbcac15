using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Hosting;

public sealed class DeploymentJobLogTests : DatabaseTests
{
    // A line with an id may be stored already, which COPY cannot tell: a batch with one such line takes the slower way.
    [Test]
    public async Task The_lines_of_a_build_have_no_id_also_when_the_writer_refuses_them_for_a_while()
    {
        var project = await AddProjectAsync();
        await EnqueueAsync(project);
        var claimed = (await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = TimeSpan.FromMinutes(1) }, Token))!;
        using var job = new DeploymentJob(claimed, Lifecycle, Get<IServiceProvider>(), CancellationToken.None);
        var writer = new AwayAtFirst();
        var log = new DeploymentJobLog(writer, job);

        await log.WriteAsync("1", Token);
        await log.WriteAsync("2", DeploymentLogLevel.Warning, Token);

        Assert.That(
            writer.Lines.Select(line => (line.Id, line.Level, line.Message)),
            Is.EqualTo(new (Guid?, DeploymentLogLevel?, string)[]
            {
                (null, DeploymentLogLevel.Info, "1"), (null, DeploymentLogLevel.Warning, "2"),
            }));
    }

    private sealed class AwayAtFirst : IDeploymentLogWriter
    {
        private bool answered;

        public List<NewDeploymentLog> Lines { get; } = [];

        public Task WriteAsync(Guid deploymentId, NewDeploymentLog line, CancellationToken cancellationToken)
        {
            if (!answered)
            {
                answered = true;
                throw new DatabaseUnavailableException("The server is away.", outcomeUnknown: false);
            }

            Lines.Add(line);
            return Task.CompletedTask;
        }

        public Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task FlushAsync(Guid deploymentId, CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
