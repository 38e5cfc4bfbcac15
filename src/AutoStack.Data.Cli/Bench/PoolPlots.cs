using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace AutoStack.Data.Cli.Bench;

/// <summary>Draws the report.</summary>
internal static class PoolPlots
{
    private const double Width = 900;
    private const double Height = 520;

    /// <summary>The SVG texts by file name.</summary>
    public static IReadOnlyDictionary<string, string> Of(PoolReport report)
    {
        var throughput = Model("Throughput", Offered(), Linear("completed per second"));
        ByPool(throughput, report, point => point.Throughput);

        var total = Model("Total time, p99", Offered(), Logarithmic("milliseconds from the intended start"));
        ByPool(total, report, point => point.Total.P99Ms);
        total.Annotations.Add(new LineAnnotation
        {
            Type = LineAnnotationType.Horizontal,
            Y = report.Plan.P99.TotalMilliseconds,
            Text = "asked for",
            Color = OxyColors.Gray,
        });

        var wait = Model("Waiting for a connection, p99", Linear("Maximum Pool Size", AxisPosition.Bottom), Logarithmic("milliseconds"));
        foreach (var rate in report.Points.GroupBy(point => point.Rate))
        {
            Add(wait, FormattableString.Invariant($"{rate.Key:0.##}/s"), rate.Select(point => ((double)point.PoolSize, point.Wait.P99Ms)));
        }

        return new Dictionary<string, string>
        {
            ["throughput.svg"] = Svg(throughput),
            ["total-p99.svg"] = Svg(total),
            ["wait-p99.svg"] = Svg(wait),
        };
    }

    private static void ByPool(PlotModel model, PoolReport report, Func<PoolPoint, double?> value)
    {
        foreach (var size in report.Points.GroupBy(point => point.PoolSize))
        {
            Add(model, $"pool {size.Key}", size.Select(point => (point.Rate, value(point))));
        }
    }

    private static void Add(PlotModel model, string title, IEnumerable<(double X, double? Y)> points)
    {
        var series = new LineSeries { Title = title, MarkerType = MarkerType.Circle, MarkerSize = 3 };

        // A lost quantile has no position on a time axis and leaves a gap. A logarithmic axis has no zero.
        series.Points.AddRange(points.Select(point => new DataPoint(point.X, point.Y is { } y ? Math.Max(y, 0.001) : double.NaN)));
        model.Series.Add(series);
    }

    private static PlotModel Model(string title, Axis bottom, Axis left)
    {
        var model = new PlotModel { Title = title, Background = OxyColors.White };
        model.Axes.Add(bottom);
        model.Axes.Add(left);
        model.Legends.Add(new Legend { LegendPlacement = LegendPlacement.Outside, LegendPosition = LegendPosition.RightTop });
        return model;
    }

    private static LinearAxis Offered() => Linear("offered per second", AxisPosition.Bottom);

    private static LinearAxis Linear(string title, AxisPosition position = AxisPosition.Left) =>
        new() { Position = position, Title = title, Minimum = 0, MajorGridlineStyle = LineStyle.Dot };

    private static LogarithmicAxis Logarithmic(string title) =>
        new() { Position = AxisPosition.Left, Title = title, MajorGridlineStyle = LineStyle.Dot };

    private static string Svg(PlotModel model) => new SvgExporter { Width = Width, Height = Height }.ExportToString(model);
}
