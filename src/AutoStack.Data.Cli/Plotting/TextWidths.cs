using OxyPlot;

namespace AutoStack.Data.Cli.Plotting;

/// <summary>
/// Measures texts in the widest of the fonts that a picture names. The program that shows the picture chooses the font: a picture that is
/// measured in a narrow one is clipped on a machine without it.
/// </summary>
internal sealed class TextWidths : RenderContextBase
{
    // The advance widths of DejaVu Sans from space to tilde, in thousandths of the font size.
    private static readonly int[] Widths =
    [
        318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636, 636, 636, 636,
        337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635,
        611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974,
        634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
    ];

    private const double Bold = 1.11;
    private const double LineHeight = 1.17;

    public override int ClipCount => 0;

    public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
    {
        var lines = (text ?? "").Split('\n');
        var width = lines.Max(WidthOf) * fontSize * (fontWeight > FontWeights.Normal ? Bold : 1);
        return new OxySize(width, lines.Length * LineHeight * fontSize);
    }

    public override void DrawLine(
        IList<ScreenPoint> points,
        OxyColor stroke,
        double thickness,
        EdgeRenderingMode edgeRenderingMode,
        double[] dashArray,
        LineJoin lineJoin) => throw new NotSupportedException();

    public override void DrawPolygon(
        IList<ScreenPoint> points,
        OxyColor fill,
        OxyColor stroke,
        double thickness,
        EdgeRenderingMode edgeRenderingMode,
        double[] dashArray,
        LineJoin lineJoin) => throw new NotSupportedException();

    public override void DrawText(
        ScreenPoint p,
        string text,
        OxyColor fill,
        string? fontFamily,
        double fontSize,
        double fontWeight,
        double rotation,
        HorizontalAlignment horizontalAlignment,
        VerticalAlignment verticalAlignment,
        OxySize? maxSize) => throw new NotSupportedException();

    public override void PushClip(OxyRect clippingRectangle) => throw new NotSupportedException();

    public override void PopClip() => throw new NotSupportedException();

    // As multiples of the font size. A letter outside of ASCII is taken for a wide one.
    private static double WidthOf(string line) => line.Sum(letter => letter is >= ' ' and <= '~' ? Widths[letter - ' '] : 1000) / 1000.0;
}
