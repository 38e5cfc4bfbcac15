using System.Globalization;
using System.Xml.Linq;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Plotting;

namespace AutoStack.Data.Migrations.Tests.Bench;

/// <summary>What can be read in the pictures: no text leaves them, no two series look the same.</summary>
public sealed class PlotTests
{
    private static readonly Bar[] Bars =
    [
        new("details over a slow network, round trip 4 ms", "Library", 0.5),
        new("details over a slow network, round trip 4 ms", "Other", 2),
        new("append", "Library", 0.98), new("append", "Other", 240), new("tail", "Third of all, compiled", 1.5),
    ];

    [Test]
    public void Bars_begin_at_zero_with_their_values_and_are_cut_at_the_end()
    {
        var svg = XDocument.Parse(BarChart.Of("Time as a multiple of the driver", Bars, "the driver", end: 5));
        var bars = BarsOf(svg);
        var texts = Texts(svg).Select(t => t.Text).ToList();
        var zero = bars.Min(bar => bar.X);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(bars, Has.Count.EqualTo(5));
            Assert.That(bars.Select(bar => bar.X), Is.All.EqualTo(zero).Within(0.01));
            Assert.That(bars.Select(bar => bar.Width * 0.5 / bars.Min(shortest => shortest.Width)).Order(),
                Is.EqualTo(new[] { 0.5, 0.98, 1.5, 2, 5 }).Within(0.01));
            Assert.That(texts, Does.Contain("0.50").And.Contain("0.98").And.Contain("2.00").And.Contain("» 240.0").And.Contain("1.50"));
        }
    }

    [Test]
    public void The_line_of_the_reference_is_drawn_at_one()
    {
        var svg = XDocument.Parse(BarChart.Of("Time", Bars, "the driver", end: 5));
        var bar = BarsOf(svg).MinBy(r => r.Width);

        // The shortest bar is half of the distance to the line.
        var line = svg.Descendants().Where(e => e.Name.LocalName is "polyline" or "line").Select(e => (string?)e.Attribute("points"))
            .OfType<string>().Select(points => points.Split(' ', ',').Where(p => p.Length > 0).Select(Number).ToArray())
            .Where(p => p.Length == 4 && Math.Abs(p[0] - p[2]) < 0.01 && Math.Abs(p[1] - p[3]) > 50)
            .Select(p => p[0]);
        Assert.That(line, Has.Some.EqualTo(bar.X + (2 * bar.Width)).Within(0.5));
    }

    [Test]
    public void No_text_leaves_the_picture_in_the_widest_font()
    {
        string[] pictures =
        [
            BarChart.Of("Bytes allocated as a multiple of the driver", Bars, "the driver", end: 5), .. PoolPlots.Of(Report()).Values,
        ];
        foreach (var svg in pictures.Select(XDocument.Parse))
        {
            var (width, height) = (Number((string)svg.Root!.Attribute("width")!), Number((string)svg.Root.Attribute("height")!));
            Assert.That(Texts(svg), Is.Not.Empty);
            foreach (var text in Texts(svg))
            {
                Assert.That((text.Left >= 0, text.Right <= width, text.Top >= 0, text.Bottom <= height),
                    Is.EqualTo((true, true, true, true)), $"{text.Text}: {text}");
            }
        }
    }

    [Test]
    public void No_two_series_have_the_same_colour_line_and_mark()
    {
        var looks = Enumerable.Range(0, 28).Select(i => (Palette.Colour(i), Palette.Line(i), Palette.Mark(i))).ToList();

        Assert.That(looks, Is.Unique);
        Assert.That(Enumerable.Range(0, Palette.Count).Select(Palette.Colour), Is.Unique);
    }

    [Test]
    public void A_picture_names_fonts_of_every_system() =>
        Assert.That(PoolPlots.Of(Report()).Values, Is.All.Contains("sans-serif").And.All.Contains("DejaVu Sans"));

    /// <summary>A report of a computed server, with disturbance.</summary>
    internal static PoolReport Report()
    {
        var plan = new PoolPlan
        {
            PoolSizes = [1, 2, 5, 10, 20, 40, 60],
            RefinesSizes = true,
            Rates = null,
            Duration = TimeSpan.FromSeconds(3),
            Warmup = TimeSpan.FromSeconds(1),
            Mix = new StatementMix([(LoadStatement.ById, 1)]),
            P99 = TimeSpan.FromMilliseconds(50),
            Instances = 1,
            Seed = 1,
        };
        var sweep = new PoolSweep(new FakeServer(perConnection: 500, saturation: 5_000, noise: 0.3), plan, _ => { });
        var (points, saturation) = sweep.RunAsync(CancellationToken.None).GetAwaiter().GetResult();
        return new PoolReport
        {
            Plan = plan,
            Server = new ServerLimits("17.5", 100, 3, 0, 97),
            OwnServer = true,
            Saturation = saturation,
            Points = points,
            Recommendation = Recommendation.Choose(points, plan.P99),
            ConnectionString = "Maximum Pool Size=10",
            PasswordLeftOut = false,
            Warnings = [],
        };
    }

    private static double Number(string text) => double.Parse(text.TrimEnd('p', 'x'), CultureInfo.InvariantCulture);

    private static IEnumerable<(double X, double Width, double Height, string Fill)> Rectangles(XDocument svg) =>
        svg.Descendants().Where(e => e.Name.LocalName == "rect" && e.Attribute("style") is not null).Select(e => (
            Number((string)e.Attribute("x")!), Number((string)e.Attribute("width")!), Number((string)e.Attribute("height")!),
            ((string)e.Attribute("style")!).Split("fill:")[1].Split(';')[0]));

    // The marks of the legend have the same colours, and are squares.
    private static List<(double X, double Width, double Height, string Fill)> BarsOf(XDocument svg)
    {
        var colours = Enumerable.Range(0, Palette.Count).Select(Palette.Colour).Select(c => $"rgb({c.R},{c.G},{c.B})").ToList();
        return [.. Rectangles(svg).Where(r => colours.Contains(r.Fill) && r.Width > r.Height + 1)];
    }

    private static IEnumerable<Placed> Texts(XDocument svg) =>
        svg.Descendants().Where(e => e.Name.LocalName == "text").Select(Placed.Of);

    /// <summary>A text with the corners of its box.</summary>
    private sealed record Placed(string Text, double Left, double Top, double Right, double Bottom)
    {
        public static Placed Of(XElement element)
        {
            var style = ((string?)element.Attribute("style") ?? "").Split(';').Select(part => part.Split(':', 2))
                .Where(part => part.Length == 2).ToDictionary(part => part[0].Trim(), part => part[1].Trim());
            string? Look(string name) => (string?)element.Attribute(name) ?? style.GetValueOrDefault(name);
            var size = Number(Look("font-size") ?? "12");
            var weight = Look("font-weight") is "bold" or "700" ? 700 : 400;
            var box = new TextWidths().MeasureText(element.Value, "", size, weight);
            var shift = Look("text-anchor") switch { "middle" => box.Width / 2, "end" => box.Width, _ => 0 };
            var transform = (string?)element.Attribute("transform") ?? "";
            var moved = transform.Contains("translate(", StringComparison.Ordinal)
                ? transform.Split("translate(")[1].Split(')')[0].Split(',', ' ').Select(Number).ToArray() : [0, 0];
            var x = moved[0] + Number((string?)element.Attribute("x") ?? "0");
            var y = moved[1] + Number((string?)element.Attribute("y") ?? "0");
            return transform.Contains("rotate(-90", StringComparison.Ordinal)
                ? new Placed(element.Value, x - size, y - (box.Width - shift), x + (size / 4), y + shift)
                : new Placed(element.Value, x - shift, y - size, x - shift + box.Width, y + (size / 4));
        }
    }
}
