using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using AutoStack.Data;

namespace Platform.Operations;

/// <summary>
/// The metrics of the library in the text form of Prometheus, without a package. A real service uses OpenTelemetry's exporter, which also
/// has the buckets of histograms; this one has their sums and counts.
/// </summary>
internal sealed class MetricsText : IDisposable
{
    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<(string Name, string Labels), Series> all = new();

    public MetricsText()
    {
        listener.InstrumentPublished = (instrument, owner) =>
        {
            if (instrument.Meter.Name == AutoStackDataTelemetry.MeterName)
            {
                owner.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.Start();
    }

    /// <summary>Writes every series.</summary>
    public string Write()
    {
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var family in all.GroupBy(series => series.Key.Name).OrderBy(family => family.Key, StringComparer.Ordinal))
        {
            var type = family.First().Value.Type;
            text.Append(CultureInfo.InvariantCulture, $"# TYPE {family.Key} {type}\n");
            foreach (var ((name, labels), series) in family.OrderBy(series => series.Key.Labels, StringComparer.Ordinal))
            {
                if (type == "summary")
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}_sum{labels} {series.Sum}\n{name}_count{labels} {series.Count}\n");
                }
                else
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{labels} {series.Sum}\n");
                }
            }
        }

        return text.ToString();
    }

    public void Dispose() => listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new List<string>();
        foreach (var (name, tag) in tags)
        {
            labels.Add($"{Name(name)}=\"{Escape(tag?.ToString() ?? "")}\"");
        }

        var isGauge = instrument is ObservableGauge<long> or ObservableGauge<double> or ObservableGauge<int>;
        var isHistogram = instrument is Histogram<double> or Histogram<long>;
        var isUpDown = instrument is UpDownCounter<long> or ObservableUpDownCounter<long> or ObservableUpDownCounter<int>;
        var type = isHistogram ? "summary" : isGauge || isUpDown ? "gauge" : "counter";
        var key = Name(instrument.Name) + (instrument.Unit == "s" ? "_seconds" : "") + (type == "counter" ? "_total" : "");
        var series = all.GetOrAdd((key, labels.Count == 0 ? "" : $"{{{string.Join(',', labels)}}}"), _ => new Series(type));
        series.Add(value, replace: instrument.IsObservable);
    }

    private static string Name(string name) => name.Replace('.', '_');

    private static string Escape(string value) => value
        .Replace("\\", @"\\", StringComparison.Ordinal)
        .Replace("\"", "\\\"", StringComparison.Ordinal)
        .Replace("\n", @"\n", StringComparison.Ordinal);

    private sealed class Series(string type)
    {
        private readonly Lock gate = new();

        public string Type { get; } = type;

        public double Sum { get; private set; }

        public long Count { get; private set; }

        public void Add(double value, bool replace)
        {
            lock (gate)
            {
                (Sum, Count) = (replace ? value : Sum + value, Count + 1);
            }
        }
    }
}
