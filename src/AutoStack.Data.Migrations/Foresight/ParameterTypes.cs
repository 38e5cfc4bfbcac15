namespace AutoStack.Data.Migrations.Internal;

/// <summary>The parameters that tell one function from another of the same name: those that a call gives.</summary>
internal static class ParameterTypes
{
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["int"] = "int4",
        ["integer"] = "int4",
        ["bigint"] = "int8",
        ["smallint"] = "int2",
        ["boolean"] = "bool",
        ["real"] = "float4",
        ["double precision"] = "float8",
        ["float"] = "float8",
        ["decimal"] = "numeric",
        ["dec"] = "numeric",
        ["character varying"] = "varchar",
        ["char varying"] = "varchar",
        ["character"] = "bpchar",
        ["char"] = "bpchar",
        ["timestamp with time zone"] = "timestamptz",
        ["timestamp without time zone"] = "timestamp",
        ["time with time zone"] = "timetz",
        ["time without time zone"] = "time",
        ["bit varying"] = "varbit",
    };

    /// <summary>The names of the types in <c>pg_type</c>, separated by commas: <c>uuid,int4</c>. An array has <c>_</c> before it.</summary>
    public static string Of(SqlCursor parameters) => string.Join(',', parameters.Items().Select(TypeOf).Where(type => type is not null));

    private static string? TypeOf(SqlCursor item)
    {
        if (item.Take("OUT") && !item.AtEnd)
        {
            return null;
        }

        _ = item.Take("INOUT") || item.Take("IN") || item.Take("VARIADIC");
        var tokens = item.TakeWhile(token => !token.Is("DEFAULT") && !token.Is("="));
        var array = tokens.Any(token => token.Is("["));
        List<SqlToken> words = [.. tokens.TakeWhile(token => !token.Is("[") && !token.Is("("))
            .Concat(tokens.SkipWhile(token => !token.Is(")")).Where(token => token.Is("with") || token.Is("without")
                || token.Is("time") || token.Is("zone")))];

        // The type is all words, or all after the name of the parameter; a schema before a type does not tell types apart here.
        var text = words.Select(token => token.Name).ToList();
        for (var from = 0; from < text.Count; from++)
        {
            if (Aliases.TryGetValue(string.Join(' ', text.Skip(from)), out var known))
            {
                return (array ? "_" : "") + known;
            }
        }

        return text.Count == 0 ? null : (array ? "_" : "") + text[^1];
    }
}
