namespace AutoStack.Data.Cli;

/// <summary>The name that was probably meant.</summary>
internal static class Nearest
{
    private const int Near = 2;

    // The names that other migrators have for these verbs.
    private static readonly Dictionary<string, string> Elsewhere = new (string Verb, string Others)[]
    {
        ("upgrade", "migrate up update apply deploy"),
        ("downgrade", "down rollback undo revert"),
        ("current", "status version"),
        ("history", "info log list"),
        ("check", "validate verify diff drift"),
        ("revision", "new add generate make"),
        ("stamp", "baseline mark"),
        ("create", "createdb"),
        ("drop", "dropdb"),
        ("dump", "inspect schema"),
        ("feature", "features"),
        ("backup", "backups pgbackrest restore"),
        ("bench", "benchmark"),
        ("completion", "completions"),
    }.SelectMany(names => names.Others.Split(' '), (names, other) => (other, names.Verb))
        .ToDictionary(name => name.other, name => name.Verb, StringComparer.OrdinalIgnoreCase);

    /// <summary>A question that names the nearest of the names, after a space; empty when none is near.</summary>
    public static string To(string word, IEnumerable<string> names)
    {
        var known = names.ToList();
        var found = Elsewhere.GetValueOrDefault(word) is { } other && known.Contains(other) ? other
            : word.Length > 2 && known.Where(name => name.StartsWith(word, StringComparison.OrdinalIgnoreCase)).ToList() is [var only]
                ? only
            : known.Select(name => (Name: name, Distance: Distance(word.ToUpperInvariant(), name.ToUpperInvariant())))
                .Where(near => near.Distance <= Math.Min(Near, near.Name.Length / 2))
                .OrderBy(near => near.Distance).FirstOrDefault().Name;
        return found is null ? "" : $" Did you mean {found}?";
    }

    // The distance of Damerau and Levenshtein: two letters in the wrong order are one mistake.
    private static int Distance(string one, string other)
    {
        var cost = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                cost[i, j] = i == 0 || j == 0 ? i + j : Math.Min(
                    Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[one.Length, other.Length];
    }
}
