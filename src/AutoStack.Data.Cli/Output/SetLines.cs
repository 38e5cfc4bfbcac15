using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Output;

/// <summary>Versions of script sets as text: that of the core is a bare number, those of others follow their name.</summary>
internal static class SetLines
{
    /// <summary>The versions before a run: <c>39, billing 2</c>.</summary>
    public static string Froms(IEnumerable<SetVersions> sets) => string.Join(", ", sets.Select(set => Of(set.Set, set.FromVersion)));

    /// <summary>Where the sets are, as a sentence without its end: <c>the database is at version 39, billing 2</c>.</summary>
    public static string AreAt(IReadOnlyList<(string Set, int Version)> sets) =>
        sets is [var (only, version)] && only != ScriptSet.CoreName
            ? FormattableString.Invariant($"{only} is at version {version}")
            : $"the database is at version {string.Join(", ", sets.Select(set => Of(set.Set, set.Version)))}";

    /// <summary>The result of a run without a script, without its end: <c>Already at version 39, billing 2</c>.</summary>
    public static string AlreadyAt(IEnumerable<SetVersions> sets) =>
        AlreadyAt([.. sets.Select(set => (set.Set, set.ToVersion))]);

    /// <inheritdoc cref="AlreadyAt(IEnumerable{SetVersions})"/>
    public static string AlreadyAt(params (string Set, int Version)[] sets) =>
        AreAt(sets).Replace("the database is at", "Already at", StringComparison.Ordinal)
            .Replace(" is at", " is already at", StringComparison.Ordinal);

    /// <summary>The sets that changed: <c>2 → 39, billing 0 → 3</c>; the first one when only repeatable scripts ran.</summary>
    public static string Ways(IReadOnlyList<SetVersions> sets)
    {
        List<SetVersions> moved = [.. sets.Where(set => set.FromVersion != set.ToVersion)];
        return moved.Count == 0 ? AlreadyAt(sets)
            : string.Join(", ", moved.Select(set => $"{Of(set.Set, set.FromVersion)} → {set.ToVersion}"));
    }

    /// <summary>A version of a set.</summary>
    public static string Of(string set, int version) =>
        FormattableString.Invariant($"{(set == ScriptSet.CoreName ? "" : set + " ")}{version}");

    /// <summary>The version of one set and what is to do, in one line.</summary>
    public static string Current(SetHistory history)
    {
        var name = history.Versions.FirstOrDefault(v => v.Version == history.CurrentVersion && v.Version > 0)?.Name ?? "base";
        var parts = new List<string> { $"{Of(history.Set, history.CurrentVersion)} ({name})" };
        Add(VersionState.Pending, "pending");
        Add(VersionState.Changed, "changed since applied");
        Add(VersionState.Unknown, history.Kind == ScriptSetKind.Service ? "not among the given scripts" : "unknown to this tool");
        if (history.Kind == ScriptSetKind.NotGiven)
        {
            parts.Add($"its scripts were not given (--scripts {history.Set}=FOLDER)");
        }
        else if (history.IsUpToDate)
        {
            parts.Add("up to date");
        }

        return string.Join(", ", parts);

        void Add(VersionState state, string what)
        {
            if (history.Versions.Count(v => v.State == state) is > 0 and var count)
            {
                parts.Add($"{count} {what}");
            }
        }
    }
}
