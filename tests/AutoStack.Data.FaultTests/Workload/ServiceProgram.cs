using System.Globalization;
using AutoStack.Data.Hosting;
using AutoStack.Data.Logs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>
/// The test assembly as a service of its own, which the tests kill and terminate: a host with a worker. It says on standard output which
/// lines it wrote and which a flush acknowledged, and ends when its standard input is closed.
/// </summary>
internal static class ServiceProgram
{
    /// <summary>The environment variable with the connection string.</summary>
    public const string Variable = "AUTOSTACK_FAULT_SERVICE";

    /// <summary>What a line of the output begins with: a line was accepted.</summary>
    public const string Wrote = "wrote";

    /// <summary>What a line of the output begins with: the lines up to this number are stored.</summary>
    public const string Flushed = "flushed";

    /// <summary>The number of lines of one build.</summary>
    public const int LinesOfBuild = 40;

    private const int Concurrency = 4;

    /// <summary>The writer of the lines of one attempt.</summary>
    public static string Writer(string worker, int attempt) => string.Create(CultureInfo.InvariantCulture, $"{worker} attempt {attempt}");

    public static async Task<int> Main(string[] args)
    {
        if (args is not [var name, var seconds] || Environment.GetEnvironmentVariable(Variable) is not { } connectionString)
        {
            await Console.Error.WriteLineAsync($"The tests start this program, with a name, a lease in seconds, and {Variable}.");
            return 2;
        }

        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddAutoStackData(options => options.ConnectionString = connectionString);
        builder.Services.AddDeploymentWorker(
            options =>
            {
                (options.Name, options.Concurrency) = (name, Concurrency);
                options.Lease = TimeSpan.FromSeconds(int.Parse(seconds, CultureInfo.InvariantCulture));
                options.RequeueInterval = TimeSpan.FromMilliseconds(500);
            },
            (job, log, token) => BuildAsync(name, job, log, token));
        using var host = builder.Build();
        _ = Task.Run(EndWithParent);
        await host.RunAsync();
        return 0;
    }

    private static async Task<string?> BuildAsync(string name, DeploymentJob job, DeploymentJobLog log, CancellationToken cancellationToken)
    {
        var id = job.Deployment.Id;
        var writer = Writer(name, job.Attempt);
        var lines = job.Services.GetRequiredService<IDeploymentLogWriter>();
        await job.EnterAsync(DeploymentStatus.Building, cancellationToken);
        for (var number = 1; number <= LinesOfBuild; number++)
        {
            await log.WriteAsync(Lines.Text(writer, number), cancellationToken);
            Console.WriteLine($"{Wrote}|{id}|{writer}|{number}");
            if (number % 8 == 0)
            {
                await lines.FlushAsync(id, cancellationToken);
                Console.WriteLine($"{Flushed}|{id}|{writer}|{number}");
            }

            await Task.Delay(25, cancellationToken);
        }

        return null;
    }

    private static void EndWithParent()
    {
        while (Console.In.Read() >= 0)
        {
            // The parent sends nothing.
        }

        Environment.Exit(3);
    }
}
