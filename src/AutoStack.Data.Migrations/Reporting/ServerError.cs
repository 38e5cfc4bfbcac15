using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Describes an error of the server, without values of rows unless the caller asks for them. An error about data quotes values
/// (<c>Key (email)=(ada@example.com)</c>); one about names in the script, rights or locks does not.
/// </summary>
internal static partial class ServerError
{
    /// <summary>The console's option that shows values.</summary>
    public const string Option = "--show-values";

    // SQLSTATE classes whose messages quote no values: syntax, names and rights; resources; operator intervention; connections; transaction
    // state.
    private static readonly string[] WithoutValues =
        ["08", "0A", "25", "26", "28", "34", "3B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"];

    private static readonly Dictionary<string, string> Words = new(StringComparer.Ordinal)
    {
        ["22"] = "A value cannot be converted or is out of range",
        ["22001"] = "A value is too long for its type",
        ["22003"] = "A number is out of range",
        ["22008"] = "A time is out of range",
        ["22012"] = "Division by zero",
        ["22021"] = "A text has a character that the encoding does not allow",
        ["22P02"] = "A value is not a valid text of its type",
        ["22P05"] = "A text has a character that cannot be stored",
        ["23"] = "A row violates a constraint",
        ["23502"] = "A NOT NULL column has no value",
        ["23503"] = "A row violates a foreign key",
        ["23505"] = "A key is not unique",
        ["23514"] = "A row violates a check constraint",
        ["23P01"] = "Rows violate an exclusion constraint",
        ["44"] = "A row violates the check option of a view",
        ["P0"] = "The script raised an exception",
        ["P0001"] = "The script raised an exception",
    };

    /// <summary>True when no part of the error can contain a value of a row, its details included.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="script">The text that ran: a name that is not in the text may be a value.</param>
    public static bool IsPlain(PostgresException exception, string script = "") =>
        !IsRaised(exception) && WithoutValues.Contains(exception.SqlState[..2], StringComparer.Ordinal) && NamesAreOf(script, exception);

    /// <summary>Describes the error in a sentence or two, with its SQLSTATE in parentheses.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="showValues">True to use the server's own message, whatever it quotes.</param>
    /// <param name="script">The text that ran: a message that the text contains literally quotes no row.</param>
    public static string Describe(PostgresException exception, bool showValues, string script = "")
    {
        if (showValues)
        {
            var parts = new[] { $"{exception.MessageText} ({exception.SqlState}).", exception.Detail, exception.Hint };
            return string.Join(" ", parts.Where(part => !string.IsNullOrEmpty(part)));
        }

        if (!IsPlain(exception, script) && !(IsRaised(exception) && IsIn(script, exception.MessageText)))
        {
            return $"{InOwnWords(exception)} ({exception.SqlState}){Place(exception)}. " +
                $"The server's message may quote values: {Option} shows it.";
        }

        var hint = !string.IsNullOrEmpty(exception.Hint)
            && (IsPlain(exception, script) || IsIn(script, exception.Hint)) ? " " + exception.Hint : "";
        var place = IsRaised(exception) ? Place(exception) : "";
        return $"{exception.MessageText} ({exception.SqlState}){place}.{hint}";
    }

    // Whatever its SQLSTATE, the message of a RAISE comes from the script and may be built from values.
    private static bool IsRaised(PostgresException exception) =>
        exception.Routine == "exec_stmt_raise" || exception.SqlState.StartsWith("P0", StringComparison.Ordinal);

    // A looked-up name may be a value: email::regclass, a dynamic statement, a role or file passed to a function.
    private static bool NamesAreOf(string script, PostgresException exception) => script.Length == 0
        || Names().Matches(exception.MessageText).All(name =>
            script.Contains(name.Groups["quoted"].Success ? name.Groups["quoted"].Value : name.Value.Trim(',', '.', ':', ')'),
                StringComparison.OrdinalIgnoreCase));

    // Quoted parts, in any language of the server; function names; every word that has more than letters.
    [GeneratedRegex(
        """
        ["«»„“”](?<quoted>[^"«»„“”]*)["«»„“”]
        | [^\s("«»„“”]+(?=\()
        | [^\s("«»„“”]*[^\p{L}\s("«»„“”,.:)][^\s("«»„“”]*
        | [^\s("«»„“”]+[.:][^\s("«»„“”]+
        """,
        RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Names();

    private static bool IsIn(string script, string text) =>
        text.Length > 0 && script.Replace("''", "'", StringComparison.Ordinal).Contains($"'{text}'", StringComparison.Ordinal);

    private static string InOwnWords(PostgresException exception) =>
        Words.GetValueOrDefault(exception.SqlState) ?? Words.GetValueOrDefault(exception.SqlState[..2]) ?? "The server reported an error";

    private static string Place(PostgresException exception)
    {
        var parts = new[]
        {
            Part("constraint", exception.ConstraintName), Part("column", exception.ColumnName), Part("type", exception.DataTypeName),
            Part("table", exception.TableName),
        };
        return string.Concat(parts.Where(part => part.Length > 0));

        static string Part(string what, string? name) => string.IsNullOrEmpty(name) ? "" : $", {what} {Visible.Text(name)}";
    }
}
