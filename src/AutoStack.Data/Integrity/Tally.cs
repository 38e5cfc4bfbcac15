using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Integrity;

/// <summary>What one check has found so far.</summary>
/// <param name="check">The name of the check.</param>
/// <param name="examples">The maximum number of rows that a finding names.</param>
internal sealed class Tally(string check, int examples)
{
    private readonly Dictionary<(string Subject, string Problem), (IntegrityPart Part, long Rows, List<string> Ids)> problems = [];
    private readonly List<Finding> remarks = [];

    /// <summary>The number of rows or objects read.</summary>
    public long Rows { get; private set; }

    /// <summary>The number of wrong rows.</summary>
    public long Wrong { get; private set; }

    public void Add(IntegrityPart part, Target target, RangeResult result)
    {
        Rows += result.Rows;
        foreach (var problem in result.Problems)
        {
            Add(part, target, problem);
        }
    }

    /// <summary>Adds a page that cannot be read.</summary>
    public void AddDamage(IntegrityPart part, Target target, PageRange range, string problem) =>
        Add(part, target, new RangeProblem(problem, 1, range.Count == 0 ? [] : [$"page {range.First}"]));

    /// <summary>Says what was not checked.</summary>
    public void NotChecked(string subject, Obstacle obstacle) =>
        remarks.Add(new Finding(check, obstacle.Severity, subject, $"{subject}: not checked to the end: {obstacle.Why}")
        {
            Mend = obstacle.Mend,
        });

    public IReadOnlyList<Finding> Findings() =>
    [
        .. problems.Select(found => new Finding(check, found.Value.Part.Severity, found.Key.Subject, ProblemOf(found.Key, found.Value))
        {
            Mend = found.Value.Part.Mend,
        }),
        .. remarks,
    ];

    private void Add(IntegrityPart part, Target target, RangeProblem problem)
    {
        Wrong += problem.Rows;
        var key = (target.Subject, problem.Problem);
        var (_, rows, ids) = problems.TryGetValue(key, out var before) ? before : (part, 0L, new List<string>());
        ids.AddRange(problem.Ids.Take(examples - ids.Count));
        problems[key] = (part, rows + problem.Rows, ids);
    }

    private static string ProblemOf((string Subject, string Problem) key, (IntegrityPart Part, long Rows, List<string> Ids) found)
    {
        var (subject, problem) = key;
        var (_, rows, ids) = found;
        return ids.Count == 0 ? $"{subject}: {problem}."
            : rows == 1 ? $"{subject}: {problem}: {ids[0]}."
            : $"{subject}: {problem}, {rows} times: {string.Join(", ", ids)}{(rows > ids.Count ? ", …" : "")}.";
    }
}
