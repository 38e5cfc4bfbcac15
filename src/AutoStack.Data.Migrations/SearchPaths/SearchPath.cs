namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The schemas in which a session looks up names. PostgreSQL prefers a function or operator in <c>public</c> whose argument types match
/// exactly to one of its own that needs a cast, so a role that may create objects there could run code as the migrator.
/// </summary>
internal static class SearchPath
{
    /// <summary>
    /// Sets the path for the migrator's own queries, which qualify every other name with its schema. SET itself looks up no name.
    /// </summary>
    public const string Own = "SET search_path = pg_catalog, pg_temp";

    /// <summary>Sets the path for the transaction only, because a pooler may hand the session to another client afterwards.</summary>
    public const string OwnInTransaction = "SET LOCAL search_path = pg_catalog, pg_temp";

    /// <summary>
    /// Selects the path of the scripts: <c>public</c>, where scripts create, then the role's own path, which may hold the extension.
    /// <c>pg_catalog</c> is left out and is therefore searched first, even when the role's path names it last.
    /// </summary>
    public const string OfScripts = """
        SELECT pg_catalog.concat_ws(', ', 'public'::text,
            pg_catalog.string_agg(pg_catalog.quote_ident(s.name::text), ', ' ORDER BY s.place))
        FROM pg_catalog.unnest(pg_catalog.current_schemas(FALSE)) WITH ORDINALITY s (name, place)
        WHERE s.name::text NOT IN ('public', 'pg_catalog')
        """;
}
