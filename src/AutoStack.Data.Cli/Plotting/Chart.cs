using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;

namespace AutoStack.Data.Cli.Plotting;

/// <summary>What all charts have in common: fonts, colours of axes, the place of title and legend.</summary>
internal static class Chart
{
    public const double FontSize = 12;

    public static PlotModel Titled(string title, string? subtitle = null) => new()
    {
        Title = title,
        TitleFontSize = 16,
        Subtitle = subtitle,
        SubtitleFontSize = FontSize,
        DefaultFont = Svg.Fonts,
        DefaultFontSize = FontSize,
        Background = OxyColors.White,
        TextColor = Palette.Ink,
        PlotAreaBorderThickness = new OxyThickness(0),
        Padding = new OxyThickness(12),
    };

    /// <summary>The legend below the title, in as many rows as it needs.</summary>
    public static Legend LegendBelowTitle() => new()
    {
        LegendPlacement = LegendPlacement.Outside,
        LegendPosition = LegendPosition.TopCenter,
        LegendOrientation = LegendOrientation.Horizontal,
        LegendItemSpacing = 18,
        LegendFontSize = FontSize,
        LegendMargin = 4,
    };

    public static Legend LegendAtRight() => new()
    {
        LegendPlacement = LegendPlacement.Outside,
        LegendPosition = LegendPosition.RightTop,
        LegendFontSize = FontSize,
    };

    public static T Styled<T>(T axis)
        where T : Axis
    {
        axis.AxislineColor = Palette.Ink;
        axis.AxislineStyle = LineStyle.Solid;
        axis.TicklineColor = Palette.Ink;
        axis.AxisTitleDistance = 8;
        axis.MajorGridlineColor = Palette.Faint;
        axis.MinorTickSize = 0;
        return axis;
    }
}
