using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The text of a statement with numbered parameters, <c>$1</c> for <c>@ownerId</c>. The driver would rewrite the text at every execution;
/// the library does so once per constant.
/// </summary>
internal sealed partial class NumberedSql
{
    // One entry per statement of this assembly. A constant is the same object every time, so that no text is hashed or compared.
    private static readonly ConcurrentDictionary<string, NumberedSql> Known = new(ReferenceEqualityComparer.Instance);

    private readonly List<string> names = [];

    private NumberedSql(string sql) => Text = Token().Replace(sql, token =>
    {
        if (!token.Groups["name"].Success)
        {
            return token.Value;
        }

        var name = token.Groups["name"].Value;
        if (!names.Contains(name))
        {
            names.Add(name);
        }

        return $"${names.IndexOf(name) + 1}";
    });

    public string Text { get; }

    public static NumberedSql Of(string sql) => Known.GetOrAdd(sql, static sql => new NumberedSql(sql));

    /// <summary>
    /// The parameters of the statement in the order of their numbers, without names: the driver then sends the text unchanged.
    /// </summary>
    /// <exception cref="ArgumentException">A parameter of the statement is missing.</exception>
    public NpgsqlParameter[] Order(NpgsqlParameter[] parameters)
    {
        var ordered = new NpgsqlParameter[names.Count];
        for (var i = 0; i < ordered.Length; i++)
        {
            ordered[i] = Find(parameters, names[i]);
        }

        foreach (var parameter in ordered)
        {
            parameter.ParameterName = "";
        }

        return ordered;
    }

    /// <summary>The place of a parameter in the order of the numbers; -1 when the statement has none of this name.</summary>
    public int PlaceOf(string name) => names.IndexOf(name);

    private static NpgsqlParameter Find(NpgsqlParameter[] parameters, string name)
    {
        foreach (var parameter in parameters)
        {
            if (parameter.ParameterName == name)
            {
                return parameter;
            }
        }

        throw new ArgumentException($"The statement needs @{name}.", nameof(parameters));
    }

    // Quoted text is skipped: patterns contain an @.
    [GeneratedRegex("""'[^']*'|"[^"]*"|@(?<name>[A-Za-z_]\w*)""", RegexOptions.CultureInvariant)]
    private static partial Regex Token();
}
