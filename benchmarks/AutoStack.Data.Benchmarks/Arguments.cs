using AutoStack.Data.Benchmarks.Data;

namespace AutoStack.Data.Benchmarks;

/// <summary>What stands behind <c>dotnet run -c Release --project benchmarks/AutoStack.Data.Benchmarks --</c>.</summary>
internal sealed record Arguments
{
    public const string HelpText = """
        Measures what AutoStack.Data costs beside raw Npgsql and EF Core, on a PostgreSQL server that is started and
        filled for the run.

        Usage: dotnet run -c Release --project benchmarks/AutoStack.Data.Benchmarks -- [options]

          --quick             Every question in a few minutes, subjects in turn; without it BenchmarkDotNet measures.
          --scale <name>      small (default): 20,000 deployments and 300,000 log lines;
                              full: 1,000,000 deployments and 10,000,000 log lines.
                              The longest log has 200,000 lines at both;
                              huge: only calls on logs, with 1,000,000 lines in partitions
                              beside 100,000,000. Needs 53 GB in the temporary folder.
          --filter <pattern>  Only questions of that name; * stands for any characters. May be repeated.
          --output <folder>   Writes ratios.json and the tables and plots there.
          --help              Shows this text.

        plots <folder>, as the first word, draws the plots again from the results.csv of an earlier run.
        pool [options], as the first word, is autostack-db bench pool: which pool size serves which load.
        """;

    public bool Quick { get; init; }

    public Scale Scale { get; init; } = Scale.Small;

    /// <summary>True to compare few log lines with many, instead of the questions.</summary>
    public bool IsHuge { get; init; }

    public IReadOnlyList<string> Filters { get; init; } = [];

    public string? Output { get; init; }

    public bool Help { get; init; }

    /// <exception cref="UsageException">An argument is not understood.</exception>
    public static Arguments Parse(IReadOnlyList<string> args)
    {
        var parsed = new Arguments();
        for (var i = 0; i < args.Count; i++)
        {
            var (option, value) = args[i].Split('=', 2) is [var name, var given] ? (name, given) : (args[i], null);
            parsed = option switch
            {
                "--quick" when value is null => parsed with { Quick = true },
                "--help" or "-h" or "-?" when value is null => parsed with { Help = true },
                "--quick" or "--help" => throw new UsageException($"{option} takes no value"),
                "--scale" => Value("small, full or huge") is var scale && scale == "huge"
                    ? parsed with { IsHuge = true }
                    : parsed with { Scale = ScaleOf(scale) },
                "--filter" => parsed with { Filters = [.. parsed.Filters, Value("the name of a question")] },
                "--output" => parsed with { Output = Value("a folder") },
                _ => throw new UsageException($"'{args[i]}' is not understood"),
            };

            string Value(string what)
            {
                value ??= i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal) ? args[++i] : "";
                return value.Length > 0 ? value : throw new UsageException($"{option} needs {what}");
            }
        }

        return parsed.IsHuge && (parsed.Quick || parsed.Filters.Count > 0)
            ? throw new UsageException("--scale huge has calls of its own, and takes neither --quick nor --filter")
            : parsed;
    }

    private static Scale ScaleOf(string name) =>
        Scale.Named.FirstOrDefault(scale => scale.Name == name)
        ?? throw new UsageException($"--scale is {string.Join(", ", Scale.Named.Select(scale => scale.Name))} or huge, not '{name}'");
}

/// <summary>The arguments are wrong; the message says which one.</summary>
internal sealed class UsageException(string what) : Exception($"{what}; --help shows what can be given.");
