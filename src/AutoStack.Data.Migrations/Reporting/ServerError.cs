using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// What the server said, without the values of rows unless they are asked for: an error about data quotes them (<c>Key (email)=(ada@example.com)</c>), one about
/// names that stand in the script, rights or locks does not.
/// </summary>
internal static partial class ServerError
{
    /// <summary>The option of the console that shows them.</summary>
    public const string Option = "--show-values";

    // Syntax, names and rights; resources; an operator's doing; connections; what a transaction takes.
    private static readonly string[] WithoutValues = ["08", "0A", "25", "26", "28", "34", "3B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58"];

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
        ["23502"] = "A column that is NOT NULL has a NULL",
        ["23503"] = "A row has no row that its foreign key names, or is named by one",
        ["23505"] = "A key is not unique",
        ["23514"] = "A row violates a check constraint",
        ["23P01"] = "Rows violate an exclusion constraint",
        ["44"] = "A row violates the check option of a view",
        ["P0"] = "The script raised an exception",
        ["P0001"] = "The script raised an exception",
    };

    /// <summary>True when nothing in the error can hold a value of a row: its inner details neither.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="script">The text that ran: a name that it does not hold may be a value.</param>
    public static bool IsPlain(PostgresException exception, string script = "") =>
        !IsRaised(exception) && WithoutValues.Contains(exception.SqlState[..2], StringComparer.Ordinal) && NamesAreOf(script, exception);

    /// <summary>The error in a sentence or two, its SQLSTATE in parentheses.</summary>
    /// <param name="exception">The error.</param>
    /// <param name="showValues">The server's own words, whatever they quote.</param>
    /// <param name="script">The text that ran: a message that it holds word for word quotes no row.</param>
    public static string Describe(PostgresException exception, bool showValues, string script = "")
    {
        if (showValues)
        {
            return string.Join(" ", new[] { $"{exception.MessageText} ({exception.SqlState}).", exception.Detail, exception.Hint }.Where(part => !string.IsNullOrEmpty(part)));
        }

        if (!IsPlain(exception, script) && !(IsRaised(exception) && IsIn(script, exception.MessageText)))
        {
            return $"{InOwnWords(exception)} ({exception.SqlState}){Place(exception)}. What the server said may quote values: {Option} shows it.";
        }

        var hint = !string.IsNullOrEmpty(exception.Hint) && (IsPlain(exception, script) || IsIn(script, exception.Hint)) ? " " + exception.Hint : "";
        return $"{exception.MessageText} ({exception.SqlState}).{hint}";
    }

    // Whatever its SQLSTATE says, a RAISE has the words of a script, and those may be made of values.
    private static bool IsRaised(PostgresException exception) =>
        exception.Routine == "exec_stmt_raise" || exception.SqlState.StartsWith("P0", StringComparison.Ordinal);

    // What is looked up by a name may be a value: email::regclass, a statement that is put together, a role or file that a function is given.
    private static bool NamesAreOf(string script, PostgresException exception) => script.Length == 0
        || Names().Matches(exception.MessageText).All(name =>
            script.Contains(name.Groups["quoted"].Success ? name.Groups["quoted"].Value : name.Value.Trim(',', '.', ':', ')'), StringComparison.OrdinalIgnoreCase));

    // What the message quotes, in any language of the server; a function's name; every word that holds more than letters.
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
            Part("constraint", exception.ConstraintName), Part("column", exception.ColumnName), Part("type", exception.DataTypeName), Part("table", exception.TableName),
        };
        return string.Concat(parts.Where(part => part.Length > 0));

        static string Part(string what, string? name) => string.IsNullOrEmpty(name) ? "" : $", {what} {Visible.Text(name)}";
    }
}
