using System.Text.RegularExpressions;
using AutoStack.Data.Values;

namespace AutoStack.Data.Projects;

/// <summary>
/// A branch as the columns hold it: without <c>refs/heads/</c> and surrounding white space, by the rules of <c>git check-ref-format
/// --branch</c>.
/// </summary>
internal static partial class BranchName
{
    /// <summary>The longest name that the columns hold, in characters.</summary>
    public const int MaxLength = 100;

    /// <summary>The text of a reference before a branch's own name.</summary>
    public const string Prefix = "refs/heads/";

    /// <summary>
    /// A branch of a row as a push names it. Rows of other writers may hold <c>refs/heads/main</c>, blanks around the name, or nothing. Use
    /// <see cref="StoredEnd"/> after the column.
    /// </summary>
    internal const string Stored = "pg_catalog.regexp_replace(pg_catalog.btrim(";

    /// <summary>The second half of <see cref="Stored"/>.</summary>
    internal const string StoredEnd = "::text, E' \\t\\r\\n'::text), '^refs/heads/'::text, ''::text)";

    /// <summary>The name as it is stored.</summary>
    /// <param name="branch">The name as a caller spells it: <c>main</c>, <c>refs/heads/main</c>, <c> main </c>.</param>
    /// <param name="name">The argument or setting that holds it.</param>
    /// <returns>The name without prefix and surrounding white space.</returns>
    /// <exception cref="ArgumentNullException">The branch is null.</exception>
    /// <exception cref="ArgumentException">Git refuses a branch of this name, or it is longer than <see cref="MaxLength"/>. The message
    /// names the rule.</exception>
    public static string Check(string branch, string name)
    {
        ArgumentNullException.ThrowIfNull(branch, name);
        var own = RepositoryAddress.Trim(branch);
        if (own.StartsWith(Prefix, StringComparison.Ordinal))
        {
            own = own[Prefix.Length..];
        }

        return ProblemOf(own) is { } problem ? throw new ArgumentException($"{name} {problem}.", name) : own;
    }

    /// <summary>True when a name could be stored as it is: a push may name one that no column holds.</summary>
    public static bool IsStorable(string name) =>
        RepositoryAddress.Trim(name) == name && !name.StartsWith(Prefix, StringComparison.Ordinal) && ProblemOf(name) is null;

    private static string? ProblemOf(string own) =>
        own.Length == 0 ? "is blank; a branch has a name"
        : own.Length > MaxLength && Text.CountCodePoints(Text.Clean(own)) is var length && length > MaxLength
            ? $"is {length} characters long; at most {MaxLength} can be stored"
        : own.StartsWith("refs/", StringComparison.Ordinal) ? "is a reference that is not a branch: branches are in refs/heads/"
        : own is "HEAD" or "@" || own.StartsWith('-') || Forbidden().IsMatch(own)
            ? "is not a name that Git allows for a branch (git check-ref-format --branch)"
        : null;

    // No empty part; no part that starts with a dot or ends with ".lock"; no "..", "@{", space, control character or character of a
    // pattern.
    [GeneratedRegex(@"^/|/$|//|(?:^|/)\.|\.$|\.lock(?:/|$)|\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]", RegexOptions.CultureInvariant)]
    private static partial Regex Forbidden();
}
