using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The change from <c>json</c> to <c>jsonb</c>, which refuses some values that <c>json</c> accepts.</summary>
internal static class JsonColumns
{
    /// <summary>
    /// Rewrites all columns of a table at once. The cleaning is part of the rewrite, so a row inserted just before cannot stop it.
    /// </summary>
    public static string Alter(string table, IEnumerable<string> columns) =>
        $"ALTER TABLE public.{table}\n    {string.Join(",\n    ", columns.Select(c => $"ALTER COLUMN {c} TYPE jsonb USING {AsJsonb(c)}"))}";

    /// <summary>Only cleans, 1000 rows per transaction: no JSON operator returns text from a value with an escaped U+0000.</summary>
    public static string Clean(string table, IReadOnlyList<string> columns) =>
        $"""
        -- autostack: no-transaction
        DO $$
        DECLARE
            last uuid;
            batch uuid[];
        BEGIN
            LOOP
                batch := ARRAY(SELECT id FROM public.{table} WHERE last IS NULL OR id > last ORDER BY id LIMIT 1000);
                EXIT WHEN cardinality(batch) = 0;
                UPDATE public.{table}
                SET {string.Join(", ", columns.Select(c => $"{c} = {Cleaned(c)}::json"))}
                WHERE id = ANY (batch) AND ({string.Join(" OR ", columns.Select(c => $"{Cleaned(c)} <> {c}::text"))});
                COMMIT;
                last := batch[cardinality(batch)];
            END LOOP;
        END
        $$
        """;

    /// <summary>Fails, as the rewrite would, when a value is not valid jsonb.</summary>
    public static string Try(string table, IEnumerable<string> columns) =>
        $"SELECT count(*) FROM public.{table} WHERE num_nulls({string.Join(", ", columns.Select(AsJsonb))}) > 0";

    /// <summary>Fails, as an index build after the cleaning would, when the expression cannot be computed from a value.</summary>
    public static string TryReading(string table, IReadOnlyList<string> columns, string expression)
    {
        foreach (var column in columns)
        {
            expression = Regex.Replace(expression, $@"\b{column}\b(?= ->)", _ => $"({AsJson(column)})");
        }

        return $"SELECT count(*) FROM public.{table} WHERE num_nulls({expression}) > 1";
    }

    /// <summary>Lists rows that may hold half a surrogate pair or a number with a large exponent.</summary>
    public static string Suspects(string table, IEnumerable<string> columns) =>
        $"""
        SELECT *
        FROM public.{table}
        WHERE {string.Join(" OR ", columns.Select(c => $@"{c}::text ~* '\\ud[89a-f]|e\+?\d{{5}}'"))}
        """;

    // After an even number of backslashes, \u0000 is an escaped U+0000; after an odd number it is an escaped backslash and the letters
    // u0000.
    private static string Cleaned(string column) => $@"regexp_replace({column}::text, '(?<!\\)((?:\\\\)*)\\u0000', '\1', 'g')";

    // The search costs a tenth of the replacement, which few rows need.
    private static string AsJsonb(string column) =>
        $@"CASE WHEN strpos({column}::text, '\u0000') = 0 THEN {column}::jsonb ELSE {Cleaned(column)}::jsonb END";

    private static string AsJson(string column) =>
        $@"CASE WHEN strpos({column}::text, '\u0000') = 0 THEN {column} ELSE {Cleaned(column)}::json END";
}
