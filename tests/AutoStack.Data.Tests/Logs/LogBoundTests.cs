using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Logs;

/// <summary>One bound for each log, whoever writes: 10 lines of 100 bytes.</summary>
[CancelAfter(60_000)]
public sealed class LogBoundTests : DatabaseTests
{
    private const string Ending = "[The log is longer than 2280 bytes: what follows is not stored.]";

    [Test]
    public async Task Every_writer_counts_towards_the_same_maximum()
    {
        await using var first = NewHost();
        await using var second = NewHost();
        var deployment = await EnqueueAsync();
        await WriteAsync(first, deployment, 3);
        await AppendAsync(second, deployment, 3);
        await ExecuteAsync(
            "INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at) VALUES (gen_random_uuid(), $1, "
                + "now(), 'info', $2, now())",
            deployment.Id, new string('x', 100));
        await WriteAsync(second, deployment, 2);
        await AppendAsync(first, deployment, 1);
        Assert.That(await SizeAsync(deployment), Is.EqualTo(2280));
        await AppendAsync(second, deployment, 2);
        await WriteAsync(first, deployment, 2);
        await WriteAsync(second, deployment, 2);
        await AppendAsync(first, deployment, 1);

        var lines = await LinesAsync(deployment);
        Assert.That(lines, Has.Count.EqualTo(11));
        Assert.That(lines[^1], Is.EqualTo(Ending));
        Assert.That(lines.Count(line => line == Ending), Is.EqualTo(1));
    }

    [TestCase(60)]
    [TestCase(DeploymentLogAppends.CopyFrom)]
    public async Task Empty_lines_count_towards_the_maximum(int count)
    {
        await using var host = NewHost();
        var (appended, written) = (await EnqueueAsync(), await EnqueueAsync());
        await AppendAsync(host, appended, count, "");
        await WriteAsync(host, written, count, "");

        Assert.That(await LinesAsync(appended), Is.EqualTo(Enumerable.Repeat("", 2280 / 128).Append(Ending)));
        Assert.That(await LinesAsync(written), Is.EqualTo(Enumerable.Repeat("", 2280 / 128).Append(Ending)));
    }

    [Test]
    public async Task Lines_stored_without_a_size_count_by_line()
    {
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
            SELECT gen_random_uuid(), $1, now(), 'info', '', now(), n FROM generate_series(1, 16) n
            """, deployment.Id);
        await AppendAsync(host, deployment, 5, "");

        Assert.That(await LinesAsync(deployment), Has.Count.EqualTo(18).And.Some.EqualTo(Ending));
    }

    [Test]
    public async Task Appends_cut_long_lines_like_the_writer()
    {
        await using var host = NewHost(o => o.MaxLineBytes = 256);
        var deployment = await EnqueueAsync();
        var line = new string('x', 300);
        await AppendAsync(host, deployment, 1, line);
        await WriteAsync(host, deployment, 1, line);

        var lines = await LinesAsync(deployment);
        Assert.That(lines[0], Is.EqualTo(lines[1]).And.Length.InRange(250, 256).And.EndsWith(" bytes cut]"));
    }

    [Test]
    public async Task An_append_sent_again_after_the_maximum_stores_nothing()
    {
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        NewDeploymentLog[] lines =
        [
            .. Enumerable.Range(0, 20).Select(_ => new NewDeploymentLog { Id = Guid.CreateVersion7(), Message = new string('x', 100) }),
        ];
        var logs = host.GetRequiredService<IPlatformDeploymentLogRepository>();
        await logs.AppendAsync(deployment.Id, lines, Token);
        await logs.AppendAsync(deployment.Id, lines, Token);

        Assert.That(await LinesAsync(deployment), Has.Count.EqualTo(11));
    }

    private static async Task AppendAsync(ServiceProvider host, Deployment deployment, int count, string? message = null) =>
        await host.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(
            deployment.Id,
            [.. Enumerable.Range(0, count).Select(_ => new NewDeploymentLog { Message = message ?? new string('x', 100) })],
            Token);

    private static async Task WriteAsync(ServiceProvider host, Deployment deployment, int count, string? message = null)
    {
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        for (var i = 0; i < count; i++)
        {
            await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = message ?? new string('x', 100) }, Token);
        }

        await writer.FlushAsync(deployment.Id, Token);
    }

    private async Task<long> SizeAsync(Deployment deployment) =>
        (long)(
            await ScalarAsync("SELECT log_bytes FROM deployment_logs WHERE deployment_id = $1 ORDER BY seq DESC LIMIT 1", deployment.Id))!;

    private async Task<List<string>> LinesAsync(Deployment deployment) =>
        [.. (await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token)).Items.Select(line => line.Message)];

    private ServiceProvider NewHost(Action<LogWriterOptions>? configure = null) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            options.MinPoolSize = 0;
            options.LogWriter.FlushInterval = TimeSpan.FromHours(1);
            options.LogWriter.MaxBytesPerDeployment = 2280;
            configure?.Invoke(options.LogWriter);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
