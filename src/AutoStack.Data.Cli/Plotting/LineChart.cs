using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace AutoStack.Data.Cli.Plotting;

/// <summary>A measured value and the range in which it varied; null where there is no value.</summary>
internal readonly record struct Spread(double X, double? Low, double? Middle, double? High);

/// <summary>A line with its name in the legend.</summary>
internal sealed record Line(string Name, IReadOnlyList<Spread> Points);

/// <summary>A horizontal line that the values are compared with.</summary>
internal sealed record Limit(string Name, double Value);

/// <summary>Lines over a common axis, with a bar for the range of each value.</summary>
internal static class LineChart
{
    private const double Width = 900;
    private const double Height = 520;

    // A logarithmic axis has no zero.
    private const double Least = 0.01;

    public static string Of(
        string title, string subtitle, string bottom, string left, bool logarithmic, IReadOnlyList<Line> lines, Limit? limit = null)
    {
        var model = Chart.Titled(title, subtitle);
        model.Legends.Add(Chart.LegendAtRight());
        model.Axes.Add(Chart.Styled(new LinearAxis { Position = AxisPosition.Bottom, Title = bottom, Minimum = 0, MaximumPadding = 0.03 }));
        Axis values = logarithmic
            ? new LogarithmicAxis { MinimumPadding = 0.05, MaximumPadding = 0.05, StringFormat = "#,0.###" }
            : new LinearAxis { Minimum = 0, MaximumPadding = 0.05 };
        values.Title = left;
        values.Position = AxisPosition.Left;
        values.MajorGridlineStyle = LineStyle.Solid;
        model.Axes.Add(Chart.Styled(values));
        if (limit is not null)
        {
            model.Annotations.Add(new LineAnnotation
            {
                Type = LineAnnotationType.Horizontal,
                Y = limit.Value,
                Text = limit.Name,
                Color = OxyColors.Black,
                LineStyle = LineStyle.Dash,
                StrokeThickness = 1.5,
                TextHorizontalAlignment = HorizontalAlignment.Left,
                TextLinePosition = 0.01,
            });
        }

        // A line keeps its colour in every picture, also where another one has no value.
        foreach (var (number, line) in lines.Index().Where(one => one.Item.Points.Any(point => point.Middle is not null)))
        {
            Add(model, line, number);
        }

        return Svg.Of(model, Width, Height);
    }

    private static void Add(PlotModel model, Line line, int number)
    {
        var middle = new LineSeries
        {
            Title = line.Name,
            Color = Palette.Colour(number),
            LineStyle = Palette.Line(number),
            MarkerType = Palette.Mark(number),
            MarkerFill = Palette.Colour(number),
            MarkerSize = 4,
        };
        var ranges = new LineSeries { Color = Palette.Colour(number), StrokeThickness = 1.2 };
        foreach (var point in line.Points)
        {
            // A missing value leaves a gap in the line.
            middle.Points.Add(new DataPoint(point.X, Above(point.Middle)));
            if (point is { Low: { } low, High: { } high } && high > low)
            {
                ranges.Points.Add(new DataPoint(point.X, Above(low)));
                ranges.Points.Add(new DataPoint(point.X, Above(high)));
                ranges.Points.Add(DataPoint.Undefined);
            }
        }

        model.Series.Add(ranges);
        model.Series.Add(middle);
    }

    private static double Above(double? value) => value is { } known ? Math.Max(known, Least) : double.NaN;
}
