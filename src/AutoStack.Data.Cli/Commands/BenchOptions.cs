using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using AutoStack.Data.Cli.Bench;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The options of <c>bench pool</c>.</summary>
internal sealed class BenchOptions
{
    private const int MaxPool = 1_000;
    private const double MaxRate = 100_000;
    private const int MaxList = 50;

    private static readonly int[] DefaultSizes = [1, 2, 5, 10, 20, 40, 60];

    private readonly Option<int[]> poolSizes = new("--pool-sizes")
    {
        Description =
            "Values of Maximum Pool Size of each instance, separated by commas. Default sizes for which the server has too few " +
            "connections are skipped, and sizes between them are measured around the best one.",
        HelpName = "N,N,…",
        DefaultValueFactory = _ => DefaultSizes,
        CustomParser = result => List<int>(result, "--pool-sizes", $"a list of whole numbers from 1 to {MaxPool}", ReadSize),
    };

    private readonly Option<double[]> rates = new("--rates")
    {
        Description =
            "Offered statements per second of all instances together, separated by commas. auto measures the saturation, offers 25, 50, " +
            "75, 90 and 110 % of it, and then finer steps around the knee.",
        HelpName = "N,N,…|auto",
        DefaultValueFactory = _ => [],
        CustomParser = result => result.Tokens[0].Value == "auto"
            ? []
            : List<double>(result, "--rates", $"auto, or a list of numbers from 1 to {MaxRate}", ReadRate),
    };

    private readonly Option<int> duration = Number("--duration", "SECONDS", "The time of one measurement of a point.", 3, 1, 3600);

    private readonly Option<int> warmup = Number(
        "--warmup", "SECONDS", "The time for which each point runs before it is measured.", 1, 0, 3600);

    private readonly Option<int> repeats = Number(
        "--repeats",
        "N",
        "The number of measurements of each point, whose medians count.",
        PoolPlan.LeastRepeats,
        PoolPlan.LeastRepeats,
        100);

    private readonly Option<StatementMix> mix = new("--mix")
    {
        Description = "The statements: " + StatementMix.Forms + ", of by-id, recent, log-page, append-1 and append-100.",
        HelpName = "MIX",
        DefaultValueFactory = _ => Parse("mixed").Mix,
        CustomParser = result =>
        {
            var (wrong, parsed) = Parse(result.Tokens[0].Value);
            if (wrong is not null)
            {
                result.AddError($"--mix {wrong}.");
            }

            return parsed;
        },
    };

    private readonly Option<int> p99 = Number(
        "--p99", "MILLISECONDS", "The limit for 99 of 100 statements, from their intended start to their end.", 50, 1, 60_000);

    private readonly Option<int> instances = Number(
        "--instances", "N", "The number of processes of the service, each with such a pool and its share of the load.", 1, 1, 10_000);

    private readonly Option<int> seed = Number(
        "--seed", "N", "The seed of the arrivals: the same seed makes the same load.", 1, 0, int.MaxValue);

    private readonly Option<string?> output = new("--output")
    {
        Description = "A folder for pool.json, pool.csv and plots (SVG); files of an earlier run are overwritten.",
        HelpName = "DIR",
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[poolSizes, rates, duration, warmup, repeats, mix, p99, instances, seed, output])
        {
            command.Options.Add(option);
        }
    }

    public PoolPlan Read(ParseResult parsed, CliHost host)
    {
        var folder = parsed.GetValue(output) is { } given ? Path.GetFullPath(given, host.Directory) : null;
        if (folder is not null)
        {
            PoolFiles.Prepare(folder, parsed.GetValue(output)!);
        }

        return new PoolPlan
        {
            PoolSizes = parsed.GetValue(poolSizes)!,
            RefinesSizes = parsed.GetResult(poolSizes) is not { Implicit: false },
            Rates = parsed.GetValue(rates) is { Length: > 0 } offered ? offered : null,
            Duration = parsed.GetValue(duration) * host.BenchScale.Second,
            Warmup = parsed.GetValue(warmup) * host.BenchScale.Second,
            Mix = parsed.GetValue(mix)!,
            P99 = TimeSpan.FromMilliseconds(parsed.GetValue(p99)),
            Instances = parsed.GetValue(instances),
            Seed = parsed.GetValue(seed),
            Repeats = parsed.GetValue(repeats),
            Output = folder,
        };
    }

    /// <summary>
    /// The plan with the pools for which the server has connections: for the load those that are left for this role, for the service those
    /// that are not reserved.
    /// </summary>
    public PoolPlan Fit(PoolPlan plan, ParseResult parsed, ServerLimits server, Action<string> report)
    {
        var fitting = plan.PoolSizes.Where(size => plan.Instances * size <= server.Free
            && plan.ConnectionsFor(size) <= server.MaxConnections - server.Reserved).ToArray();
        if (fitting.Length == plan.PoolSizes.Count)
        {
            return plan;
        }

        var tooLarge = string.Join(", ", plan.PoolSizes.Except(fitting));
        if (fitting.Length == 0 || parsed.GetResult(poolSizes) is { Implicit: false })
        {
            throw Failure.Usage(fitting.Length == 0 && plan.Instances > 1
                ? $"--instances: {Describe(server)}, too few for {plan.Instances} instances with a pool of {plan.PoolSizes[0]}."
                : $"--pool-sizes: {Describe(server)}, too few for {tooLarge}{Each(plan)}.");
        }

        report($"Pool sizes {tooLarge}{Each(plan)} are skipped: {Describe(server)}.");
        return plan with { PoolSizes = fitting };
    }

    private static string Each(PoolPlan plan) => plan.Instances > 1 ? $" in each of {plan.Instances} instances" : "";

    private static string Describe(ServerLimits server) =>
        $"the server has {server.Free} connections left for this role, of {server.MaxConnections - server.Reserved} that are not reserved";

    private static int? ReadSize(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size is >= 1 and <= MaxPool ? size : null;

    private static double? ReadRate(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate) && rate is >= 1 and <= MaxRate
            ? rate
            : null;

    private static (string? Wrong, StatementMix Mix) Parse(string text) => (StatementMix.TryParse(text, out var mix), mix);

    private static T[] List<T>(ArgumentResult result, string name, string form, Func<string, T?> parse)
        where T : struct
    {
        var values = result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries).Select(parse).ToList();
        if (values.Count > MaxList)
        {
            result.AddError($"{name} has {values.Count} values; at most {MaxList} are allowed.");
        }
        else if (values.Contains(null))
        {
            result.AddError($"{name} is {form}, for example {name} 10,20,50.");
        }

        return [.. values.OfType<T>().Distinct().Order()];
    }

    private static Option<int> Number(string name, string unit, string description, int fallback, int least, int most) => new(name)
    {
        Description = description,
        HelpName = unit,
        DefaultValueFactory = _ => fallback,
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                || number < least || number > most)
            {
                result.AddError($"{name} is a whole number from {least} to {most}.");
            }

            return number;
        },
    };
}
