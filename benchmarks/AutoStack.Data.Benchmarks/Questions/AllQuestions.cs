using System.IO.Enumeration;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>The questions in the order of the run. What adds rows comes last.</summary>
internal static class AllQuestions
{
    public static IReadOnlyList<Type> Types { get; } =
    [
        typeof(DeploymentById),
        typeof(RecentDeployments),
        typeof(Details),
        typeof(DetailsOverNetwork),
        typeof(Dashboard),
        typeof(PlatformNumbers),
        typeof(RunningContainers),
        typeof(LogPage),
        typeof(LogTail),
        typeof(ClaimNext),
        typeof(LogAppend),
        typeof(LogWriter),
    ];

    private static IEnumerable<string> Names =>
        [.. Types.Select(type => type.Name), nameof(LiveFollow), nameof(LogIngestion), nameof(Queue), nameof(ClaimFlat)];

    /// <summary>Those that one of the patterns names; all without patterns.</summary>
    /// <exception cref="UsageException">A pattern names none.</exception>
    public static IReadOnlyList<Type> Matching(IReadOnlyList<string> patterns)
    {
        var none = patterns.FirstOrDefault(pattern => !Names.Any(name => Matches(name, pattern)));
        return none is null
            ? [.. Types.Where(type => IsAsked(type.Name, patterns))]
            : throw new UsageException($"--filter '{none}' names no question; there are {string.Join(", ", Names)}");
    }

    /// <summary>True when one of the patterns names it, or there are none.</summary>
    public static bool IsAsked(string name, IReadOnlyList<string> patterns) =>
        patterns.Count == 0 || patterns.Any(pattern => Matches(name, pattern));

    private static bool Matches(string name, string pattern) => FileSystemName.MatchesSimpleExpression(pattern, name);
}
