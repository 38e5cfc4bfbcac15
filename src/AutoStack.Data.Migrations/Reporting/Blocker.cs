using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Migrations;

/// <summary>A session that a script waited for, as the server reported it during the wait.</summary>
/// <param name="ProcessId">The server process, for <c>pg_terminate_backend</c>; 0 for a prepared transaction, which has no process.</param>
/// <param name="Application">The application name; null when the session has none.</param>
/// <param name="Role">The role of the login; null for a process of the server itself, for example autovacuum.</param>
/// <param name="TransactionAge">How long the transaction has been open; null when the server does not report it.</param>
/// <param name="State"><c>active</c>, <c>idle in transaction</c>, …; null when the server does not report it.</param>
/// <param name="Statement">
/// The current or last statement: its first <see cref="MaxStatementLength"/> characters in one line, without comments, literals replaced by
/// <c>'…'</c>. Null when the server does not report it: only superusers and members of <c>pg_read_all_stats</c> see other roles'
/// statements.
/// </param>
public sealed partial record Blocker(
    int ProcessId, string? Application, string? Role, TimeSpan? TransactionAge, string? State, string? Statement)
{
    /// <summary>The maximum length of <see cref="Statement"/> in characters, without the ellipsis that marks a longer statement.</summary>
    public const int MaxStatementLength = 100;

    private const int MaxNamed = 3;

    /// <summary>Formats the session in one line, for people.</summary>
    /// <returns>
    /// For example <c>pid 4711, reports, role app, in a transaction for 754 s, idle in transaction: SELECT count(*) FROM deployments</c>.
    /// </returns>
    public override string ToString()
    {
        if (ProcessId == 0)
        {
            return "a prepared transaction (pg_prepared_xacts lists them)";
        }

        var age = TransactionAge is { } open
            ? string.Create(CultureInfo.InvariantCulture, $"in a transaction for {open.TotalSeconds:0} s") : null;
        var role = Role is null ? null : $"role {Role}";
        var parts = new[] { $"pid {ProcessId}", Application, role, age, State ?? "statement hidden from this role" };
        return Visible.Text(string.Join(", ", parts.Where(part => part is not null)) + (Statement is null ? "" : $": {Statement}"));
    }

    /// <summary>Reads pid, application, role, age of the transaction, state and statement from the columns of a row.</summary>
    internal static Blocker Read(NpgsqlDataReader row, int first)
    {
        return new Blocker(
            row.GetInt32(first), Text(first + 1), Text(first + 2),
            row.IsDBNull(first + 3) ? null : row.GetTimeSpan(first + 3), Text(first + 4), Shorten(Text(first + 5)));

        string? Text(int column) => row.IsDBNull(column) ? null : row.GetString(column);
    }

    /// <summary>Formats the first blockers in one line; empty without blockers.</summary>
    internal static string Sentence(IReadOnlyList<Blocker> blockers)
    {
        var more = blockers.Count > MaxNamed ? $"; and {blockers.Count - MaxNamed} more" : "";
        return blockers.Count == 0 ? "" : $"Blocked by: {string.Join("; ", blockers.Take(MaxNamed))}{more}.";
    }

    /// <summary>Shortens a statement and removes its literals, which are the application's data and may include a password.</summary>
    internal static string? Shorten(string? statement)
    {
        if (string.IsNullOrWhiteSpace(statement) || statement == "<insufficient privilege>")
        {
            return null;
        }

        var text = Space().Replace(WithoutLiterals(statement), " ").Trim(' ', ';');
        return text.Length <= MaxStatementLength ? text : text[..MaxStatementLength].TrimEnd() + "…";
    }

    private static string WithoutLiterals(string statement)
    {
        var text = new StringBuilder();
        var at = 0;
        foreach (var token in SqlText.Tokens(statement))
        {
            // Only white space separates two tokens.
            var start = statement.IndexOf(token.Text, at, StringComparison.Ordinal);
            text.Append(statement, at, start - at);
            at = start + token.Text.Length;

            // The server truncates statements, so a literal may be unterminated.
            text.Append(token.Kind switch
            {
                SqlTokenKind.Comment => " ",
                SqlTokenKind.Text or SqlTokenKind.Unterminated => "'…'",
                _ => token.Text,
            });

            // Without standard_conforming_strings \' does not end the literal: the rest of the statement is hidden.
            if (token.Kind == SqlTokenKind.Text && token.Text[0] is not ('E' or 'e' or '$')
                && token.Text.Contains(@"\'", StringComparison.Ordinal))
            {
                return text.Append(" …").ToString();
            }
        }

        return text.ToString();
    }

    [GeneratedRegex(@"[\s\p{Cc}]+", RegexOptions.CultureInvariant)]
    private static partial Regex Space();
}
