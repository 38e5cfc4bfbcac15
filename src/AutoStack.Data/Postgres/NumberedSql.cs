using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// A statement whose named parameters are numbered, <c>@ownerId</c> as <c>$1</c>. The driver would do the same at every execution, with a
/// new text each time; here it is done once for each constant.
/// </summary>
internal sealed partial class NumberedSql
{
    // One entry per statement of this assembly. Constants are the same object every time, so nothing is hashed or compared.
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
    /// The parameters that the statement names, in the order of their numbers, and without names: so the driver takes the text as it is.
    /// </summary>
    /// <exception cref="ArgumentException">One is missing.</exception>
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

    // Texts in quotes are passed over: patterns hold an @.
    [GeneratedRegex("""'[^']*'|"[^"]*"|@(?<name>[A-Za-z_]\w*)""", RegexOptions.CultureInvariant)]
    private static partial Regex Token();
}
