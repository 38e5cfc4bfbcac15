namespace AutoStack.Data.Cli.Databases;

/// <summary>A database as the server describes it.</summary>
internal sealed record DatabaseFacts(string Name, string Owner, string Encoding, string Provider, string Locale, bool IsTemplate)
{
    // The columns of locales differ between PostgreSQL 14, 15 and 17: a row as JSON has those that there are.
    private const string Query = """
        SELECT d.datname::text, pg_get_userbyid(d.datdba)::text, pg_encoding_to_char(d.encoding)::text,
            CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
            coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', d.datcollate::text),
            d.datistemplate
        FROM pg_database d
        WHERE d.datname = $1::text::name
        """;

    /// <summary>Null when the database does not exist.</summary>
    public static async Task<DatabaseFacts?> ReadAsync(Maintenance server, CancellationToken cancellationToken)
    {
        var rows = await server.ListAsync(
            Query,
            row => new DatabaseFacts(
                row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetBoolean(5)),
            cancellationToken).ConfigureAwait(false);
        return rows is [var found] ? found : null;
    }
}

/// <summary>A session on a database, for people.</summary>
internal sealed record DatabaseSession(int Pid, string User, string Application, string State)
{
    public static Task<IReadOnlyList<DatabaseSession>> ListAsync(Maintenance server, CancellationToken cancellationToken) =>
        server.ListAsync(
            """
            SELECT a.pid, coalesce(a.usename::text, ''), coalesce(a.application_name, ''), coalesce(a.state, a.backend_type, '')
            FROM pg_stat_activity a
            WHERE a.datname = $1::text::name
            ORDER BY a.pid
            """,
            row => new DatabaseSession(row.GetInt32(0), row.GetString(1), row.GetString(2), row.GetString(3)),
            cancellationToken);
}
