using System.Globalization;
using System.Text.RegularExpressions;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>
/// The objects of a database that are meant to differ. Each line is the kind of an object and its name, as a check reports them:
/// <c>trigger users.audit_users</c>. In a name <c>*</c> stands for any characters: <c>policy deployments.*</c>. Empty lines and lines that
/// begin with <c>#</c> are comments.
/// </summary>
public sealed class IgnoreList
{
    private IgnoreList(IReadOnlyList<IgnoreLine> lines) => Lines = lines;

    /// <summary>Ignores nothing.</summary>
    public static IgnoreList Empty { get; } = new([]);

    /// <summary>The lines, without comments.</summary>
    public IReadOnlyList<IgnoreLine> Lines { get; }

    /// <summary>Reads a list.</summary>
    /// <param name="text">The lines.</param>
    /// <returns>The list.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="FormatException">A line is not a kind and a name; the message has its number.</exception>
    public static IgnoreList Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var lines = new List<IgnoreLine>();
        foreach (var (index, line) in text.Split('\n').Select(line => line.Trim()).Index())
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var space = line.IndexOfAny([' ', '\t']);
            var name = space < 0 ? "" : line[space..].Trim();
            var word = space < 0 ? line : line[..space];
            if (!char.IsLetter(word[0]) || !Enum.TryParse<SchemaObjectKind>(word, ignoreCase: true, out var kind))
            {
                throw new FormatException(string.Create(CultureInfo.InvariantCulture,
                    $"Line {index + 1}: '{Visible.Text(word)}' is not a kind of object. The kinds are {Kinds}."));
            }

            lines.Add(name.Length > 0 ? new IgnoreLine(index + 1, kind, name) : throw new FormatException(
                string.Create(CultureInfo.InvariantCulture, $"Line {index + 1}: a name is missing after '{word}', for example users.*")));
        }

        return new IgnoreList(lines);
    }

    private static string Kinds => string.Join(", ", Enum.GetNames<SchemaObjectKind>().Select(n => char.ToLowerInvariant(n[0]) + n[1..]));

    /// <summary>True when a line names the object.</summary>
    internal bool Names(SchemaObjectKind kind, string name) => Lines.Any(line => line.Matches(kind, name));
}

/// <summary>One line of an <see cref="IgnoreList"/>.</summary>
/// <param name="Number">The number of the line, from 1.</param>
/// <param name="Kind">The kind of object.</param>
/// <param name="Name">The name; <c>*</c> stands for any characters.</param>
public sealed record IgnoreLine(int Number, SchemaObjectKind Kind, string Name)
{
    /// <summary>True when the line names an object.</summary>
    internal bool Matches(SchemaObjectKind kind, string name) => kind == Kind && Regex.IsMatch(
        name,
        $@"\A{Regex.Escape(Name).Replace(@"\*", ".*", StringComparison.Ordinal)}\z",
        RegexOptions.Singleline | RegexOptions.CultureInvariant);
}
