namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The scripts of which the text does not show what they lock: code makes their statements, names their tables or chooses their schema
/// while they run.
/// </summary>
internal static class Unforeseen
{
    private static readonly string[] Queries = ["SELECT", "PERFORM", "WITH", "VALUES"];

    /// <summary>The file names of the scripts, in the order of the run.</summary>
    /// <param name="facts">Reads which of the called routines may lock tables.</param>
    /// <param name="steps">The scripts in the order of the run.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public static async Task<IReadOnlyList<string>> FindAsync(
        CatalogFacts facts, IReadOnlyList<MigrationStep> steps, CancellationToken cancellationToken)
    {
        var calls = steps.ToDictionary(step => step, step => Statements(step).SelectMany(Called).ToHashSet(StringComparer.Ordinal));
        var volatiles = steps.SelectMany(step => step.Statements).SelectMany(Created).ToHashSet(StringComparer.Ordinal);
        volatiles.UnionWith(await facts.ReadVolatileRoutinesAsync(calls.Values.SelectMany(names => names), cancellationToken)
            .ConfigureAwait(false));
        return [.. steps.Where(step => MakesStatements(step) || calls[step].Overlaps(volatiles)).Select(step => step.FileName)];
    }

    private static IEnumerable<SqlStatement> Statements(MigrationStep step) =>
        step.Statements.SelectMany(statement => PlpgSql.Of(statement).Prepend(statement));

    private static bool MakesStatements(MigrationStep step)
    {
        var renamed = false;
        foreach (var statement in Statements(step))
        {
            renamed |= Effects.ChangesNames(statement);
            if (statement.Tokens[0].Is("CALL") || statement.Tokens[0].Name == PlpgSql.Unknown
                || Effects.Of(statement).Any(effect => effect.Lock >= TableLockMode.Share
                    && (renamed || effect.Name.Contains(PlpgSql.Unknown, StringComparison.Ordinal))))
            {
                return true;
            }
        }

        return false;
    }

    // The names before a parenthesis in a query that is run for its calls; most are of PostgreSQL, or no functions.
    private static IEnumerable<string> Called(SqlStatement statement)
    {
        if (!Queries.Any(statement.Tokens[0].Is))
        {
            yield break;
        }

        // (VALUES (1)) t (n) and AS t (n) have the name of a table.
        var isTable = false;
        for (var cursor = statement.Read(); !cursor.AtEnd;)
        {
            var before = cursor.Current;
            if (cursor.TakeName() is not { } name)
            {
                cursor.Skip();
            }
            else if (cursor.Current.Is("(") && !isTable)
            {
                yield return name;
            }

            isTable = before.Is(")") || before.Is("AS");
        }
    }

    // The server refuses a statement that locks or writes in a function that is declared as stable or immutable.
    private static IEnumerable<string> Created(SqlStatement statement) =>
        statement.Tokens.Any(token => token.Is("IMMUTABLE") || token.Is("STABLE")) ? []
            : Effects.Of(statement).Where(effect => effect.Kind == EffectKind.CreateRoutine).Select(effect => effect.Name);
}
