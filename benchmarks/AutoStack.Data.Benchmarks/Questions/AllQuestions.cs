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
        typeof(RunningContainers),
        typeof(LogPage),
        typeof(LogTail),
        typeof(ClaimNext),
        typeof(LogAppend),
    ];

    /// <summary>Those that one of the patterns names; all without patterns.</summary>
    /// <exception cref="UsageException">A pattern names none.</exception>
    public static IReadOnlyList<Type> Matching(IReadOnlyList<string> patterns)
    {
        var none = patterns.FirstOrDefault(pattern => !Types.Any(type => Matches(type, pattern)));
        return none is null
            ? [.. Types.Where(type => patterns.Count == 0 || patterns.Any(pattern => Matches(type, pattern)))]
            : throw new UsageException($"--filter '{none}' names no question; there are {string.Join(", ", Types.Select(type => type.Name))}");
    }

    private static bool Matches(Type type, string pattern) => FileSystemName.MatchesSimpleExpression(pattern, type.Name);
}
