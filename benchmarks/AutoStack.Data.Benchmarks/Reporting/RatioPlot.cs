using AutoStack.Data.Benchmarks.Running;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace AutoStack.Data.Benchmarks.Reporting;

/// <summary>Bars per case and subject, as multiples of the baseline.</summary>
internal static class RatioPlot
{
    private const double Width = 900;
    private const double BarHeight = 13;

    public static string ToSvg(string quantity, IReadOnlyList<Comparison> comparisons, Func<Comparison, double> ratio)
    {
        string[] cases = [.. comparisons.Select(c => c.Measurement.Case).Distinct()];
        var baseline = comparisons.FirstOrDefault(c => c.Measurement.IsBaseline)?.Measurement.Subject ?? "";
        var model = new PlotModel { Title = $"{quantity} as a multiple of {baseline}", TitleFontSize = 14, Background = OxyColors.White };
        model.Legends.Add(new Legend
        {
            LegendPosition = LegendPosition.TopCenter,
            LegendPlacement = LegendPlacement.Outside,
            LegendOrientation = LegendOrientation.Horizontal,
        });

        // The first case on top.
        var categories = new CategoryAxis { Position = AxisPosition.Left, StartPosition = 1, EndPosition = 0, GapWidth = 0.4 };
        categories.Labels.AddRange(cases);
        model.Axes.Add(categories);
        model.Axes.Add(
            new LogarithmicAxis { Position = AxisPosition.Bottom, Base = 2, MajorGridlineStyle = LineStyle.Dot, AbsoluteMinimum = 0.25 });
        model.Annotations.Add(
            new LineAnnotation { Type = LineAnnotationType.Vertical, X = 1, LineStyle = LineStyle.Solid, Color = OxyColors.Black });

        foreach (var group in comparisons.Where(c => !c.Measurement.IsBaseline).GroupBy(c => c.Measurement.Subject))
        {
            var bars = new BarSeries { Title = group.Key, BaseValue = 1 };
            bars.Items.AddRange(group.Select(c => new BarItem(ratio(c), Array.IndexOf(cases, c.Measurement.Case))));
            model.Series.Add(bars);
        }

        var exporter = new SvgExporter { Width = Width, Height = 120 + (comparisons.Count * BarHeight) };
        return exporter.ExportToString(model);
    }
}
