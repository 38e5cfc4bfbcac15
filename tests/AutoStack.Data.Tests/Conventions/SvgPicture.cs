using System.Globalization;
using System.Security;
using System.Text;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>A picture of boxes and lines, for light and dark pages.</summary>
/// <param name="width">The width.</param>
/// <param name="height">The height.</param>
/// <param name="title">What the picture shows, for those who do not see it.</param>
internal sealed class SvgPicture(int width, int height, string title)
{
    /// <summary>The height of a box with one line of text.</summary>
    public const int BoxHeight = 36;

    private readonly StringBuilder shapes = new();

    /// <summary>The width that a name of code takes.</summary>
    public static int WidthOf(string text) => (int)Math.Ceiling(text.Length * 7.9);

    public SvgPicture Box(int x, int y, int boxWidth, string name, params string[] below)
    {
        var boxHeight = BoxHeight + (below.Length * 17);
        shapes.Append(CultureInfo.InvariantCulture,
            $"""  <rect x="{x}" y="{y}" width="{boxWidth}" height="{boxHeight}" rx="5"/>{'\n'}""");
        Text(x + (boxWidth / 2), y + 23, name, "code");
        foreach (var (index, line) in below.Index())
        {
            Text(x + (boxWidth / 2), y + 41 + (index * 17), line, "note");
        }

        return this;
    }

    /// <summary>A line through points; an arrow at its last one unless it is plain.</summary>
    public SvgPicture Line(bool arrow, params (int X, int Y)[] points)
    {
        var path = string.Join(' ', points.Select(point => string.Create(CultureInfo.InvariantCulture, $"{point.X},{point.Y}")));
        shapes.Append(CultureInfo.InvariantCulture,
            $"""  <polyline points="{path}"{(arrow ? " marker-end=\"url(#arrow)\"" : "")}/>{'\n'}""");
        return this;
    }

    /// <summary>A text around a point, or from a point on.</summary>
    public SvgPicture Text(int x, int y, string text, string kind = "note", bool fromHere = false)
    {
        var anchor = fromHere ? " style=\"text-anchor:start\"" : "";
        shapes.Append(CultureInfo.InvariantCulture,
            $"""  <text x="{x}" y="{y}" class="{kind}"{anchor}>{SecurityElement.Escape(text)}</text>{'\n'}""");
        return this;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $$"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height}}" width="{{width}}" height="{{height}}" role="img">
          <title>{{SecurityElement.Escape(title)}}</title>
          <style>
            svg { background: #fff; color: #1f2328; }
            rect { fill: #f3f6fa; stroke: #57606a; }
            polyline { fill: none; stroke: #57606a; stroke-width: 1.5; }
            path { fill: #57606a; }
            text { fill: #1f2328; text-anchor: middle; }
            .code { font: 13px monospace; }
            .note { font: 12px sans-serif; }
            @media (prefers-color-scheme: dark) {
              svg { background: #0d1117; }
              rect { fill: #161b22; stroke: #8b949e; }
              polyline { stroke: #8b949e; }
              path { fill: #8b949e; }
              text { fill: #e6edf3; }
            }
          </style>
          <defs>
            <marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M0,0 L10,5 L0,10 z"/>
            </marker>
          </defs>
        {{shapes}}</svg>

        """);
}
