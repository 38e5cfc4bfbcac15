using System.Text.RegularExpressions;
using AutoStack.Data.Values;

namespace AutoStack.Data.Projects;

/// <summary>
/// A branch name as stored: without <c>refs/heads/</c> and surrounding white space, by the rules of <c>git check-ref-format --branch</c>.
/// </summary>
internal static partial class BranchName
{
    /// <summary>The prefix of a branch's full reference.</summary>
    public const string Prefix = "refs/heads/";

    /// <summary>
    /// The first half of an expression: <c>Stored</c> column <see cref="StoredEnd"/> is the column's branch as a push names it. Rows of
    /// other writers may contain <c>refs/heads/main</c>, surrounding blanks, or an empty text.
    /// </summary>
    internal const string Stored = "pg_catalog.regexp_replace(pg_catalog.btrim(";

    /// <summary>The second half of <see cref="Stored"/>.</summary>
    internal const string StoredEnd = "::text, E' \\t\\r\\n'::text), '^refs/heads/'::text, ''::text)";

    /// <summary>Checks and normalises a name.</summary>
    /// <param name="branch">The name as given: <c>main</c>, <c>refs/heads/main</c>, <c> main </c>.</param>
    /// <param name="name">The argument or setting, for the message.</param>
    /// <returns>The name without prefix and surrounding white space.</returns>
    /// <exception cref="ArgumentNullException">The branch is null.</exception>
    /// <exception cref="ArgumentException">
    /// Git refuses the name, or it is longer than <see cref="Project.MaxBranchLength"/>. The message names the rule.
    /// </exception>
    public static string Check(string branch, string name)
    {
        ArgumentNullException.ThrowIfNull(branch, name);
        var own = RepositoryAddress.Trim(branch);
        if (own.StartsWith(Prefix, StringComparison.Ordinal))
        {
            own = RepositoryAddress.Trim(own[Prefix.Length..]);
        }

        return ProblemOf(own) is { } problem ? throw new ArgumentException($"{name} {problem}.", name) : own;
    }

    /// <summary>True when a name can be stored unchanged: a push may name a branch that does not fit the column.</summary>
    public static bool IsStorable(string name) =>
        RepositoryAddress.Trim(name) == name && ProblemOf(name) is null;

    private static string? ProblemOf(string own) =>
        own.Length == 0 ? "is blank"
        : own.Length > Project.MaxBranchLength && Text.CountCodePoints(Text.Clean(own)) is var length && length > Project.MaxBranchLength
            ? $"is {length} characters long; at most {Project.MaxBranchLength} can be stored"
        : own.StartsWith("refs/", StringComparison.Ordinal) ? "is a reference that is not a branch: branches are in refs/heads/"
        : own is "HEAD" or "@" || own.StartsWith('-') || Forbidden().IsMatch(own)
            ? "is not a name that Git allows for a branch (git check-ref-format --branch)"
        : null;

    // Matches an empty part, a part that starts with a dot or ends with ".lock", "..", "@{", a space, a control character, and a character
    // of a pattern.
    [GeneratedRegex(@"^/|/$|//|(?:^|/)\.|\.$|\.lock(?:/|$)|\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]", RegexOptions.CultureInvariant)]
    private static partial Regex Forbidden();
}
