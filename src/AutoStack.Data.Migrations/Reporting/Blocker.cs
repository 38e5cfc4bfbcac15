using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>A session that a script waited for, as the server told it meanwhile.</summary>
/// <param name="ProcessId">Its process on the server, for <c>pg_terminate_backend</c>; 0 is a prepared transaction, which has none.</param>
/// <param name="Application">The name that it gave itself; null when it gave none.</param>
/// <param name="Role">The role that it logged in as; null for a process of the server's own, autovacuum for example.</param>
/// <param name="TransactionAge">How long its transaction has been open; null when the server does not tell.</param>
/// <param name="State"><c>active</c>, <c>idle in transaction</c>, …; null when the server does not tell.</param>
/// <param name="Statement">
/// What it runs, or ran last: the first 100 characters in one line, without comments, literals replaced by <c>'…'</c>. Null when the server does not tell: other
/// roles' statements are for superusers and members of <c>pg_read_all_stats</c>.
/// </param>
public sealed partial record Blocker(
    int ProcessId, string? Application, string? Role, TimeSpan? TransactionAge, string? State, string? Statement)
{
    private const int StatementLength = 100;
    private const int Named = 3;

    /// <summary>All of it in one line, for people.</summary>
    /// <returns>For example <c>pid 4711, reports, role app, in a transaction for 754 s, idle in transaction: SELECT count(*) FROM deployments</c>.</returns>
    public override string ToString()
    {
        if (ProcessId == 0)
        {
            return "a prepared transaction (pg_prepared_xacts lists them)";
        }

        var age = TransactionAge is { } open ? string.Create(CultureInfo.InvariantCulture, $"in a transaction for {open.TotalSeconds:0} s") : null;
        var parts = new[] { $"pid {ProcessId}", Application, Role is null ? null : $"role {Role}", age, State ?? "statement hidden from this role" };
        return Visible.Text(string.Join(", ", parts.Where(part => part is not null)) + (Statement is null ? "" : $": {Statement}"));
    }

    /// <summary>The first of them in one line; empty when there are none.</summary>
    internal static string Sentence(IReadOnlyList<Blocker> blockers)
    {
        var more = blockers.Count > Named ? $"; and {blockers.Count - Named} more" : "";
        return blockers.Count == 0 ? "" : $"In its way: {string.Join("; ", blockers.Take(Named))}{more}.";
    }

    /// <summary>A statement short and without its literals: they are the application's data, a password among them perhaps.</summary>
    internal static string? Shorten(string? statement)
    {
        if (string.IsNullOrWhiteSpace(statement) || statement == "<insufficient privilege>")
        {
            return null;
        }

        var text = Space().Replace(WithoutLiterals(statement), " ").Trim(' ', ';');
        return text.Length <= StatementLength ? text : text[..StatementLength].TrimEnd() + "…";
    }

    private static string WithoutLiterals(string statement)
    {
        var told = new StringBuilder();
        var at = 0;
        foreach (var token in SqlText.Tokens(statement))
        {
            // Nothing but white space stands between two tokens.
            var start = statement.IndexOf(token.Text, at, StringComparison.Ordinal);
            told.Append(statement, at, start - at);
            at = start + token.Text.Length;

            // The server cuts statements off, so that a literal may have no end.
            told.Append(token.Kind switch
            {
                SqlTokenKind.Comment => " ",
                SqlTokenKind.Text or SqlTokenKind.Unterminated => "'…'",
                _ => token.Text,
            });

            // In a session without standard_conforming_strings that quote is not the end: better too much hidden.
            if (token.Kind == SqlTokenKind.Text && token.Text[0] is not ('E' or 'e' or '$') && token.Text.Contains(@"\'", StringComparison.Ordinal))
            {
                return told.Append(" …").ToString();
            }
        }

        return told.ToString();
    }

    [GeneratedRegex(@"[\s\p{Cc}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Space();
}
