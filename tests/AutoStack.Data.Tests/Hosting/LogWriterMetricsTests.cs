using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Hosting;

[NonParallelizable]
public sealed class LogWriterMetricsTests : DatabaseTests
{
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
        var gauges = new ConcurrentDictionary<string, double>();
        meters.SetMeasurementEventCallback<double>((instrument, value, _, _) =>
        {
            if (instrument.IsObservable)
            {
                gauges[instrument.Name] = value;
            }
            else
            {
                Interlocked.Increment(ref flushes);
            }
        });
        meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => totals.AddOrUpdate(
            $"{instrument.Name}{(tags.Length == 0 ? "" : $" {tags[0].Value}")}",
            value,
            (_, before) => before + value));
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
        Assert.That(gauges["autostack.log_writer.held"], Is.EqualTo(4), "Three lines of the deployment and one of a missing deployment.");
        Assert.That(gauges["autostack.log_writer.age"], Is.Positive);

        Assert.That(() => writer.FlushAsync(Token), Throws.TypeOf<LogLinesRefusedException>());

        meters.RecordObservableInstruments();
        Assert.That(gauges["autostack.log_writer.held"], Is.Zero);
        Assert.That(gauges["autostack.log_writer.age"], Is.Zero);
        Assert.That(totals["autostack.log_writer.lines"], Is.EqualTo(2), "The third line exceeds MaxBytesPerDeployment.");
        Assert.That(totals["autostack.log_writer.refused truncated"], Is.EqualTo(1));
        Assert.That(totals["autostack.log_writer.refused refused"], Is.EqualTo(1));
        Assert.That(flushes, Is.EqualTo(1));
    }
}
