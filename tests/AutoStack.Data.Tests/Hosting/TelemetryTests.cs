using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using AutoStack.Data.Accounts;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Tests.Hosting;

[NonParallelizable]
public sealed class TelemetryTests : DatabaseTests
{
    [Test]
    public async Task Spans_and_durations_name_the_operation_and_contain_no_value()
    {
        var user = await AddUserAsync();
        var spans = new ConcurrentBag<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "AutoStack.Data",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Add,
        };
        ActivitySource.AddActivityListener(listener);
        var durations = new ConcurrentBag<KeyValuePair<string, object?>[]>();
        using var meters = new MeterListener { InstrumentPublished = (instrument, l) => Enable(instrument, l) };
        meters.SetMeasurementEventCallback<double>((_, _, tags, _) => durations.Add(tags.ToArray()));
        meters.Start();

        using (var root = new Activity("test").Start())
        {
            await PlatformUsers.FindByEmailAsync(user.Email, Token);
            Assert.That(() => Users.AddAsync(new NewUser { Name = "Eve", Email = user.Email }, Token), Throws.TypeOf<DuplicateException>());

            var own = spans.Where(s => s.TraceId == root.TraceId).OrderBy(s => s.StartTimeUtc).ToList();
            Assert.That(own.Select(s => s.OperationName), Is.EqualTo(new[] { "FindByEmailAsync", "AddAsync", "AddAsync" }));
            Assert.That(own[0].GetTagItem("db.query.text"), Does.Contain("FROM users u"));
            Assert.That(own[^1].Status, Is.EqualTo(ActivityStatusCode.Error));
            Assert.That(own.SelectMany(s => s.TagObjects).Select(t => $"{t.Value}"), Has.None.Contains(user.Email));
        }

        Assert.That(durations, Has.Some.Matches<KeyValuePair<string, object?>[]>(tags =>
            tags.Contains(new("db.operation.name", "FindByEmailAsync"))));

        static void Enable(Instrument instrument, MeterListener listener)
        {
            if (instrument.Meter.Name == "AutoStack.Data")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        }
    }

    [Test]
    public async Task The_log_writer_counts_held_stored_and_refused_lines()
    {
        var totals = new ConcurrentDictionary<string, long>();
        var flushes = 0;
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == "AutoStack.Data"
                    && instrument.Name.StartsWith("autostack.log_writer.", StringComparison.Ordinal))
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref flushes));
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => totals.AddOrUpdate(
            $"{instrument.Name}{(tags.Length == 0 ? "" : $" {tags[0].Value}")}",
            value,
            (_, before) => instrument is ObservableUpDownCounter<long> ? value : before + value));
        meters.Start();
        await using var provider = new ServiceCollection()
            .AddAutoStackData(o =>
            {
                o.ConnectionString = Database.ConnectionString;
                o.LogWriter.FlushInterval = TimeSpan.FromHours(1);
                o.LogWriter.MaxBytesPerDeployment = 2 * (500 + 128);
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var writer = provider.GetRequiredService<IDeploymentLogWriter>();
        var (deployment, missing) = (await EnqueueAsync(), Guid.NewGuid());
        for (var i = 0; i < 3; i++)
        {
            await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = new string('x', 500) }, Token);
        }

        await writer.WriteAsync(missing, new NewDeploymentLog { Message = "x" }, Token);
        meters.RecordObservableInstruments();
        Assert.That(totals["autostack.log_writer.held"], Is.EqualTo(4), "Three lines of the deployment and one of a missing deployment.");

        Assert.That(() => writer.FlushAsync(Token), Throws.TypeOf<LogLinesRefusedException>());

        meters.RecordObservableInstruments();
        Assert.That(totals["autostack.log_writer.held"], Is.Zero);
        Assert.That(totals["autostack.log_writer.lines"], Is.EqualTo(2), "The third line exceeds MaxBytesPerDeployment.");
        Assert.That(totals["autostack.log_writer.refused truncated"], Is.EqualTo(1));
        Assert.That(totals["autostack.log_writer.refused refused"], Is.EqualTo(1));
        Assert.That(flushes, Is.EqualTo(1));
    }

    [Test]
    public async Task A_slow_operation_is_logged_with_its_name()
    {
        var logs = new Recorder();
        await using var provider = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(logs))
            .AddAutoStackData(o =>
            {
                o.ConnectionString = Database.ConnectionString;
                o.SlowOperationThreshold = TimeSpan.FromTicks(1);
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();

        await provider.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token);

        Assert.That(logs.Lines, Has.Some.Matches("^Warning AutoStack.Data FindAsync took \\d+ ms\\.$"));
    }

    private sealed class Recorder : ILoggerProvider
    {
        public ConcurrentBag<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Log(categoryName, Lines);

        public void Dispose()
        {
        }

        private sealed class Log(string category, ConcurrentBag<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            void ILogger.Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                lines.Add($"{logLevel} {category} {formatter(state, exception)}");
        }
    }
}
