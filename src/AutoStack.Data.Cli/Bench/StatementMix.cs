using System.Globalization;

namespace AutoStack.Data.Cli.Bench;

/// <summary>A statement of the load, as <c>--mix</c> names it.</summary>
internal enum LoadStatement
{
    ById,
    Recent,
    LogPage,
    Append1,
    Append100,
}

/// <summary>The statements of the load, each with its weight.</summary>
internal sealed record StatementMix(IReadOnlyList<(LoadStatement Statement, int Weight)> Parts)
{
    public const string Forms = "read, write, mixed, or a list such as by-id=3,append-1=1";

    private const int HeaviestWeight = 1_000_000;

    private static readonly Dictionary<string, LoadStatement> Names = new(StringComparer.Ordinal)
    {
        ["by-id"] = LoadStatement.ById,
        ["recent"] = LoadStatement.Recent,
        ["log-page"] = LoadStatement.LogPage,
        ["append-1"] = LoadStatement.Append1,
        ["append-100"] = LoadStatement.Append100,
    };

    // A dashboard reads details most often, then lists and logs. A build writes single lines, or a buffer of lines.
    private static readonly Dictionary<string, string> Shorthands = new(StringComparer.Ordinal)
    {
        ["read"] = "by-id=60,recent=20,log-page=20",
        ["write"] = "append-1=50,append-100=50",
        ["mixed"] = "by-id=45,recent=15,log-page=15,append-1=15,append-100=10",
    };

    private readonly int sum = Parts.Sum(part => part.Weight);

    public static string NameOf(LoadStatement statement) => Names.First(name => name.Value == statement).Key;

    /// <summary>Parses a shorthand or a list. Returns what is wrong with the text, or null.</summary>
    public static string? TryParse(string text, out StatementMix mix)
    {
        mix = new StatementMix([]);
        var parts = new List<(LoadStatement Statement, int Weight)>();
        foreach (var part in Shorthands.GetValueOrDefault(text, text).Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            if (equals < 0 || !Names.TryGetValue(part[..equals].Trim(), out var statement))
            {
                return $"is {Forms}; the statements are {string.Join(", ", Names.Keys)}";
            }

            if (!int.TryParse(part[(equals + 1)..], NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture, out var weight)
                || weight is < 1 or > HeaviestWeight)
            {
                return $"needs a weight from 1 to {HeaviestWeight} for {NameOf(statement)}";
            }

            if (parts.Exists(p => p.Statement == statement))
            {
                return $"names {NameOf(statement)} twice";
            }

            parts.Add((statement, weight));
        }

        mix = new StatementMix(parts);
        return null;
    }

    /// <summary>Draws a statement by weight.</summary>
    public LoadStatement Next(Random random)
    {
        var left = random.Next(sum);
        foreach (var (statement, weight) in Parts)
        {
            left -= weight;
            if (left < 0)
            {
                return statement;
            }
        }

        return Parts[^1].Statement;
    }

    public override string ToString() => string.Join(',', Parts.Select(part => $"{NameOf(part.Statement)}={part.Weight}"));
}
