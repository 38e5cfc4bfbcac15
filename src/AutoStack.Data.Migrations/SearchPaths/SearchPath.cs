namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Where a session looks names up. PostgreSQL prefers a function or operator in <c>public</c> whose argument types match exactly to one of its own that needs a
/// cast, so that whoever may create there could run code as the migrator.
/// </summary>
internal static class SearchPath
{
    /// <summary>Of everything that the migrator asks itself: what is not PostgreSQL's own is named with its schema. A command, in which nothing is looked up.</summary>
    public const string Own = "SET search_path = pg_catalog, pg_temp";

    /// <summary>The same for the transaction: a pooler gives the session to others afterwards.</summary>
    public const string OwnInTransaction = "SET LOCAL search_path = pg_catalog, pg_temp";

    /// <summary>
    /// Asks for the path of the scripts: <c>public</c>, where they create, then the role's own path, where the extension may be. <c>pg_catalog</c> is left out, which
    /// makes it the first: a role's path may name it last.
    /// </summary>
    public const string OfScripts = """
        SELECT pg_catalog.concat_ws(', ', 'public'::text, pg_catalog.string_agg(pg_catalog.quote_ident(s.name::text), ', ' ORDER BY s.place))
        FROM pg_catalog.unnest(pg_catalog.current_schemas(FALSE)) WITH ORDINALITY s (name, place)
        WHERE s.name::text NOT IN ('public', 'pg_catalog')
        """;
}
