using OxyPlot;

namespace AutoStack.Data.Cli.Plotting;

/// <summary>Draws a model as SVG.</summary>
internal static class Svg
{
    public const string Fonts = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

    public static string Of(PlotModel model, double width, double height)
    {
        var exporter = new SvgExporter
        {
            Width = width,
            Height = height,
            TextMeasurer = new TextWidths(),

            // Not every program knows the vertical alignment of SVG texts: this places their baseline.
            UseVerticalTextAlignmentWorkaround = true,
        };
        var svg = exporter.ExportToString(model);

        // The library draws an exception as the picture.
        return model.GetLastPlotException() is { } exception ? throw new InvalidOperationException("The plot cannot be drawn.", exception)
            : svg;
    }
}
