using System.Globalization;
using OxyPlot;
using OxyPlot.Annotations;
using OxyPlot.Axes;
using OxyPlot.Series;

namespace AutoStack.Data.Cli.Plotting;

/// <summary>A bar.</summary>
/// <param name="Group">The group of bars, whose name is at the left.</param>
/// <param name="Series">The series, which has a colour and a place in the legend.</param>
/// <param name="Value">The length, 0 or more.</param>
internal sealed record Bar(string Group, string Series, double Value);

/// <summary>Horizontal bars from 0 with their values, in groups, beside a line at the value that they are compared with.</summary>
internal static class BarChart
{
    private const double Width = 900;
    private const double RowHeight = 14;
    private const double LabelSize = 10;

    // A part of the axis.
    private const double LabelWidth = 0.06;

    /// <summary>Draws bars as multiples of 1.</summary>
    /// <param name="title">The title.</param>
    /// <param name="bars">The bars, in the order of the picture.</param>
    /// <param name="reference">What has the value 1.</param>
    /// <param name="end">The end of the axis. Longer bars are cut there: their values say how long they are.</param>
    public static string Of(string title, IReadOnlyList<Bar> bars, string reference, double end)
    {
        var cut = bars.Any(bar => bar.Value > end);
        var cutting = cut ? string.Create(CultureInfo.InvariantCulture, $"; bars beyond {end} are cut (»)") : "";
        var model = Chart.Titled(title, $"{reference} = 1; shorter is better{cutting}");
        model.Legends.Add(Chart.LegendBelowTitle());

        // A row for each bar, and an empty one between groups: a series without a bar in a group leaves no hole there.
        var rows = Chart.Styled(new CategoryAxis
        {
            Position = AxisPosition.Left,
            StartPosition = 1,
            EndPosition = 0,
            GapWidth = 0.1,
            MajorTickSize = 0,
            IsTickCentered = true,
        });
        model.Axes.Add(rows);
        var last = Math.Min(bars.Select(bar => bar.Value).Append(1).Max(), end);
        model.Axes.Add(Chart.Styled(new LinearAxis
        {
            Position = AxisPosition.Bottom,
            Minimum = 0,

            // Room for the value after the longest bar.
            Maximum = last * 1.1,
            MajorGridlineStyle = LineStyle.Solid,
            Title = $"multiple of {reference}",
        }));
        model.Annotations.Add(new LineAnnotation
        {
            Type = LineAnnotationType.Vertical,
            X = 1,
            LineStyle = LineStyle.Solid,
            StrokeThickness = 1.5,
            Color = OxyColors.Black,
        });

        var names = bars.Select(bar => bar.Series).Distinct().ToList();
        var series = new List<BarSeries>();
        foreach (var name in names)
        {
            // Stacked series share a row; each row has one bar only.
            series.Add(new BarSeries { Title = name, IsStacked = true, FillColor = Palette.Colour(series.Count), StrokeThickness = 0 });
        }

        foreach (var group in bars.GroupBy(bar => bar.Group))
        {
            AddGroup(model, rows, series, [.. group.OrderBy(bar => names.IndexOf(bar.Series))], last);
        }

        (rows.Minimum, rows.Maximum) = (-1, rows.Labels.Count);
        series.ForEach(model.Series.Add);
        return Svg.Of(model, Width, 150 + (rows.Labels.Count * RowHeight));
    }

    private static void AddGroup(PlotModel model, CategoryAxis rows, List<BarSeries> series, Bar[] bars, double last)
    {
        if (rows.Labels.Count > 0)
        {
            rows.Labels.Add("");
        }

        for (var i = 0; i < bars.Length; i++)
        {
            var bar = bars[i];
            var row = rows.Labels.Count;
            rows.Labels.Add(i == (bars.Length - 1) / 2 ? bar.Group : "");
            series.Single(s => s.Title == bar.Series).Items.Add(new BarItem(Math.Min(bar.Value, last), row));
            model.Annotations.Add(new TextAnnotation
            {
                Text = (bar.Value > last ? "» " : "") + bar.Value.ToString(bar.Value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture),
                TextPosition = new DataPoint(IsTooNear(bar.Value, last) ? 1 : Math.Min(bar.Value, last), row),
                TextHorizontalAlignment = HorizontalAlignment.Left,
                TextVerticalAlignment = VerticalAlignment.Middle,
                Offset = new ScreenVector(4, 0),
                FontSize = LabelSize,
                StrokeThickness = 0,
                Padding = new OxyThickness(0),
            });
        }
    }

    // The line would cross the value: it follows the line.
    private static bool IsTooNear(double value, double last) => value < 1 && value + (last * LabelWidth) > 1;
}
