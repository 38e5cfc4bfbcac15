using System.Diagnostics;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>What a host gets through OpenTelemetry's own SDK, and in its log.</summary>
[NonParallelizable]
public sealed class TelemetryTests : DatabaseTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Spans_follow_the_conventions_for_databases_and_contain_no_value()
    {
        var user = await AddUserAsync();
        var server = new NpgsqlConnectionStringBuilder(Database.ConnectionString);

        var spans = await TraceAsync(async () =>
        {
            await PlatformUsers.FindByEmailAsync(user.Email, Token);
            Assert.That(() => Users.AddAsync(new NewUser { Name = "Eve", Email = user.Email }, Token), Throws.TypeOf<DuplicateException>());
        });

        Assert.That(
            spans.Select(span => span.DisplayName),
            Is.EqualTo(new[] { "PlatformUserRepository.FindByEmail", "UserRepository.Add", "UserRepository.Add" }));
        var (found, refused) = (spans[0], spans[^1]);
        Assert.That(found.Kind, Is.EqualTo(ActivityKind.Client));
        Assert.That(found.GetTagItem("db.system.name"), Is.EqualTo("postgresql"));
        Assert.That(found.GetTagItem("db.namespace"), Is.EqualTo(Database.Name));
        Assert.That(found.GetTagItem("db.operation.name"), Is.EqualTo("PlatformUserRepository.FindByEmail"));
        Assert.That(found.GetTagItem("db.collection.name"), Is.EqualTo("users"));
        Assert.That(found.GetTagItem("db.query.text"), Does.Contain("FROM users u"));
        Assert.That(found.GetTagItem("server.address"), Is.EqualTo(server.Host));
        Assert.That(found.GetTagItem("server.port"), Is.EqualTo(server.Port));
        Assert.That(refused.Status, Is.EqualTo(ActivityStatusCode.Error));
        Assert.That(refused.GetTagItem("db.response.status_code"), Is.EqualTo("23505"));
        Assert.That(refused.GetTagItem("error.type"), Is.EqualTo("23505"));
        Assert.That(spans.SelectMany(span => span.TagObjects).Select(tag => $"{tag.Value}"), Has.None.Contains(user.Email));
    }

    [Test]
    public async Task A_unit_of_work_is_a_span_around_its_statements_and_its_commit()
    {
        var spans = await TraceAsync(() => UnitOfWork.RunAsync(
            (tx, ct) => tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), ct), Token));

        var unit = spans.Single(span => span.DisplayName == "UnitOfWork.Run");
        Assert.That(unit.Kind, Is.EqualTo(ActivityKind.Internal));
        Assert.That(
            spans.Where(span => span.ParentSpanId == unit.SpanId).Select(span => span.DisplayName),
            Is.EqualTo(new[] { "UserRepository.Find", "UnitOfWork.Commit" }));
    }

    [Test]
    public async Task A_call_is_one_span_also_where_the_host_traces_the_driver()
    {
        var both = await TraceAsync(FindAsync, tracer => tracer.AddAutoStackData().AddSource("Npgsql"));
        var driver = await TraceAsync(FindAsync, tracer => tracer.AddSource("Npgsql"));

        Assert.That(CallsOf(both), Is.EqualTo(new[] { "UnitOfWork.Run", "UserRepository.Find", "UnitOfWork.Commit" }));
        Assert.That(CallsOf(driver), Is.Not.Empty);

        // Not the opening of a connection, which is no call.
        static List<string> CallsOf(List<Activity> spans) =>
            [.. spans.Select(span => span.DisplayName).Where(name => !name.StartsWith("CONNECT", StringComparison.Ordinal))];

        Task FindAsync() => UnitOfWork.RunAsync((tx, ct) => tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), ct), Token);
    }

    [Test]
    public async Task The_statements_of_the_driver_are_logged_on_demand()
    {
        Assert.That(await DriverLinesAsync(_ => { }), Is.Empty);
        Assert.That(
            await DriverLinesAsync(options => options.DriverLogLevel = LogLevel.Information),
            Has.Some.StartsWith("Information Npgsql.Command").And.None.StartsWith("Debug"));

        async Task<List<string>> DriverLinesAsync(Action<AutoStackDataOptions> configure)
        {
            var log = new RecordedLog();
            await using var host = Library(Database.ConnectionString, configure, log);
            await host.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token);
            return [.. log.Lines.Where(line => line.Contains(" Npgsql", StringComparison.Ordinal))];
        }
    }

    [Test]
    public async Task Operations_of_parts_of_a_repository_have_its_name()
    {
        var deployment = await EnqueueAsync();

        var spans = await TraceAsync(async () =>
        {
            await Deployments.FindDetailsAsync(deployment.Id, deployment.UserId, 10, Token);
            await Lifecycle.ClaimNextAsync(Token);
        });

        // The first claim of a second also looks for scheduled deployments.
        Assert.That(
            spans.Select(span => span.DisplayName).Distinct(),
            Is.EqualTo(new[] { "DeploymentRepository.FindDetails", "DeploymentLifecycle.ClaimNext" }));
    }

    [Test]
    public async Task Metrics_count_calls_waits_uses_losses_and_repetitions()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        var metrics = new List<Metric>();
        using (var meters = Sdk.CreateMeterProviderBuilder()
            .AddAutoStackData().AddInMemoryExporter(metrics).Build())
        {
            await using var host = Library(proxy.ConnectionString);
            var users = host.GetRequiredService<IUserRepository>();
            await users.FindAsync(Guid.NewGuid(), Token);
            proxy.CutAnswer(1);
            await users.FindAsync(Guid.NewGuid(), Token);
            meters.ForceFlush();
        }

        Assert.That(Points("db.client.operation.duration").Sum(point => point.GetHistogramCount()), Is.EqualTo(2));
        Assert.That(Points("db.client.connection.wait_time").Sum(point => point.GetHistogramCount()), Is.EqualTo(3));
        Assert.That(Points("db.client.connection.use_time").Sum(point => point.GetHistogramCount()), Is.EqualTo(3));
        Assert.That(Points("autostack.data.connections.lost").Sum(point => point.GetSumLong()), Is.EqualTo(1));
        Assert.That(Points("autostack.data.pool.clears").Sum(point => point.GetSumLong()), Is.EqualTo(1));
        var repeated = Points("autostack.data.repetitions").Single();
        Assert.That(repeated.GetSumLong(), Is.EqualTo(1));
        Assert.That(TagsOf(repeated), Does.Contain("reason=lost_connection").And.Contain("db.client.connection.pool.name=autostack"));
        Assert.That(
            TagsOf(Points("db.client.operation.duration")[0]), Does.Contain("db.operation.name=UserRepository.Find").And.Contain("=users"));

        List<MetricPoint> Points(string name)
        {
            var points = new List<MetricPoint>();
            foreach (var point in metrics.Last(metric => metric.Name == name).GetMetricPoints())
            {
                points.Add(point);
            }

            return points;
        }

        static string TagsOf(MetricPoint point)
        {
            var tags = new List<string>();
            foreach (var tag in point.Tags)
            {
                tags.Add($"{tag.Key}={tag.Value}");
            }

            return string.Join(' ', tags);
        }
    }

    [Test]
    public async Task A_slow_operation_is_logged_with_its_wait_and_its_rows()
    {
        var log = new RecordedLog();
        var user = await AddUserAsync();
        await using var host = Library(Database.ConnectionString, o => o.SlowOperationThreshold = TimeSpan.FromTicks(1), log);

        await host.GetRequiredService<IUserRepository>().FindAsync(user.Id, Token);

        Assert.That(log.Lines, Has.Some.Matches(
            "^Warning AutoStack.Data UserRepository.Find took \\d+ ms, of which \\d+ ms were spent waiting for a connection; 1 rows\\.$"));
    }

    [Test]
    public async Task A_connection_that_is_held_for_long_is_logged_once_with_its_holder()
    {
        var log = new RecordedLog();
        await using var host = Library(Database.ConnectionString, o => o.LongUseThreshold = TimeSpan.FromMilliseconds(50), log);

        await host.GetRequiredService<IUnitOfWork>().RunAsync(
            async (tx, ct) =>
            {
                await tx.Get<IProjectRepository>().FindAsync(Guid.NewGuid(), Guid.NewGuid(), ct);
                await UntilAsync(() => log.Lines.Any(line => line.Contains("has held a connection", StringComparison.Ordinal)));
                await Task.Delay(TimeSpan.FromMilliseconds(300), ct);
            }, Token);

        var held = log.Lines.Where(line => line.Contains("has held a connection", StringComparison.Ordinal)).ToList();
        Assert.That(held, Has.Count.EqualTo(1));
        Assert.That(held[0], Does.Match("^Warning AutoStack.Data UnitOfWork.Run \\(ProjectRepository.Find\\) has held a connection for "));
    }

    [Test]
    public async Task A_call_that_finds_the_pool_exhausted_names_its_size_and_its_holders()
    {
        await using var host = Library(
            Database.ConnectionString, o => (o.MaxPoolSize, o.PoolTimeout) = (1, TimeSpan.FromMilliseconds(100)));

        var failure = await WhileHeldAsync(host, () => host.GetRequiredService<IUserRepository>().RemoveAsync(Guid.NewGuid(), Token));

        Assert.That(failure.Message, Does.Match(
            @"^No connection was free within 0\.1 s: 1 of 1 connections are in use, the longest by UnitOfWork\.Run " +
            @"\(DeploymentRepository\.Find\) for [\d.]+ s; nothing was sent\.$"));
        Assert.That((failure.OutcomeUnknown, failure.IsTransient), Is.EqualTo((false, true)));
    }

    [Test]
    public async Task A_call_behind_too_many_others_is_refused_at_once()
    {
        await using var host = Library(Database.ConnectionString, o => (o.MaxPoolSize, o.MaxPoolWaiters) = (1, 1));
        var users = host.GetRequiredService<IUserRepository>();
        Task first = Task.CompletedTask;

        var failure = await WhileHeldAsync(host, () =>
        {
            first = users.FindAsync(Guid.NewGuid(), Token);
            return users.FindAsync(Guid.NewGuid(), Token);
        });

        Assert.That(failure.Message, Does.StartWith("1 calls wait for a connection already, and 1 of 1 connections are in use"));
        await first;
    }

    [Test]
    public async Task A_connection_is_free_again_after_a_wait_that_was_cancelled()
    {
        await using var host = Library(Database.ConnectionString, o => o.MaxPoolSize = 1);
        var users = host.GetRequiredService<IUserRepository>();
        using var cancel = new CancellationTokenSource();
        Task waiting = Task.CompletedTask;
        await host.GetRequiredService<IUnitOfWork>().RunAsync(
            async (tx, ct) =>
            {
                await tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), ct);
                waiting = users.FindAsync(Guid.NewGuid(), cancel.Token);
                await cancel.CancelAsync();
                Assert.That(() => waiting, Throws.InstanceOf<OperationCanceledException>());
            }, Token);

        Assert.That(await users.FindAsync(Guid.NewGuid(), Token), Is.Null);
    }

    [Test]
    public async Task An_outage_is_logged_once_however_many_calls_fail()
    {
        var log = new RecordedLog();
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var host = Library(proxy.ConnectionString, o => o.OperationTimeout = TimeSpan.FromMilliseconds(200), log);
        var users = host.GetRequiredService<IUserRepository>();
        proxy.Refuse = true;

        for (var i = 0; i < 3; i++)
        {
            Assert.That(() => users.FindAsync(Guid.NewGuid(), Token), Throws.TypeOf<DatabaseUnavailableException>());
        }

        Assert.That(
            log.Lines.Where(line => line.Contains("AutoStack.Data The", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "Warning AutoStack.Data The connection to the database was lost, or none can be opened." }));
    }

    private static ServiceProvider Library(
        string connectionString, Action<AutoStackDataOptions>? configure = null, RecordedLog? log = null) =>
        new ServiceCollection()
            .AddLogging(logging => _ = log is null ? logging : logging.AddProvider(log))
            .AddAutoStackData(options =>
            {
                options.ConnectionString = connectionString;
                options.MinPoolSize = 0;
                configure?.Invoke(options);
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();

    private static async Task<List<Activity>> TraceAsync(Func<Task> work, Action<TracerProviderBuilder>? subscribe = null)
    {
        var spans = new List<Activity>();
        using var test = new ActivitySource("test");
        ActivityTraceId trace;
        var builder = Sdk.CreateTracerProviderBuilder().AddSource("test").AddInMemoryExporter(spans);
        (subscribe ?? (tracer => tracer.AddSource(AutoStackDataTelemetry.ActivitySourceName)))(builder);
        using (var tracer = builder.Build())
        {
            using (var root = test.StartActivity("root")!)
            {
                trace = root.TraceId;
                await work();
            }

            tracer.ForceFlush();
        }

        return [.. spans.Where(span => span.TraceId == trace && span.Source.Name != "test").OrderBy(span => span.StartTimeUtc)];
    }

    private static async Task<DatabaseUnavailableException> WhileHeldAsync(ServiceProvider host, Func<Task> call)
    {
        DatabaseUnavailableException? failure = null;
        await host.GetRequiredService<IUnitOfWork>().RunAsync(
            async (tx, ct) =>
            {
                await tx.Get<IDeploymentRepository>().FindAsync(Guid.NewGuid(), Guid.NewGuid(), ct);
                failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => call());
            }, Token);
        return failure!;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Patience);
        while (!condition())
        {
            await Task.Delay(10, limit.Token);
        }
    }
}
