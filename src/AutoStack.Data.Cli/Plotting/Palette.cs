using OxyPlot;

namespace AutoStack.Data.Cli.Plotting;

/// <summary>
/// Colours that people with a colour vision deficiency can tell apart (Okabe and Ito), without yellow, which is too light for a white page.
/// A mark goes with each colour, so that a black-and-white print can be read too.
/// </summary>
internal static class Palette
{
    public static OxyColor Ink { get; } = OxyColor.FromRgb(0x33, 0x33, 0x33);

    public static OxyColor Faint { get; } = OxyColor.FromRgb(0xDD, 0xDD, 0xDD);

    private static readonly OxyColor[] Colours =
    [
        OxyColor.FromRgb(0x00, 0x72, 0xB2),
        OxyColor.FromRgb(0xE6, 0x9F, 0x00),
        OxyColor.FromRgb(0x00, 0x9E, 0x73),
        OxyColor.FromRgb(0xD5, 0x5E, 0x00),
        OxyColor.FromRgb(0x56, 0xB4, 0xE9),
        OxyColor.FromRgb(0xCC, 0x79, 0xA7),
        OxyColor.FromRgb(0x00, 0x00, 0x00),
    ];

    private static readonly MarkerType[] Marks = [MarkerType.Circle, MarkerType.Square, MarkerType.Triangle, MarkerType.Diamond];

    private static readonly LineStyle[] Lines = [LineStyle.Solid, LineStyle.Dash, LineStyle.Dot, LineStyle.DashDot];

    /// <summary>The number of series that differ in colour; more series repeat the colours with other lines and marks.</summary>
    public static int Count => Colours.Length;

    public static OxyColor Colour(int series) => Colours[series % Colours.Length];

    // Four marks and seven colours: a pair repeats after 28 series only.
    public static MarkerType Mark(int series) => Marks[series % Marks.Length];

    public static LineStyle Line(int series) => Lines[series / Colours.Length % Lines.Length];
}
