namespace AutoStack.Data.Exports;

/// <summary>
/// How an export shows an address. What another program stored may hold a user name, a password or a token, in ways that its readers
/// disagree about: only what is certainly none of them is shown.
/// </summary>
internal static class ExportedAddress
{
    /// <summary>Shows the column <c>address</c> of a row <c>a</c>; NULL of NULL.</summary>
    // The user git of SSH is no secret.
    public const string Shown = $@"
                CASE
                    WHEN {Address} IS NULL THEN NULL
                    WHEN {Address} ~* '%(?:2[356]|3[abdf]|40|5c)' THEN {Redacted}
                    WHEN {Address} ~ {Url} THEN pg_catalog.regexp_replace({Address}, {Url},
                        CASE WHEN {Address} ~ '^[a-z+]*ssh[a-z+]*://git@' THEN '\1git@\2' ELSE '\1\2' END)
                    WHEN {Address} ~ {Scp} AND {Address} ~ '^[^:]*[@.]' THEN pg_catalog.regexp_replace({Address}, {Scp},
                        CASE WHEN {Address} ~ '^git@' THEN 'git@\1' ELSE '\1' END)
                    WHEN {Address} ~ {Bare} THEN pg_catalog.regexp_replace({Address}, {Bare}, '\1')
                    ELSE {Redacted}
                END";

    private const string Redacted = "'[redacted]'";

    // Without the blanks around it.
    private const string Address = @"pg_catalog.btrim(a.address::text, E' \t\n\r\f\x0b')";

    // What may follow the host. It has no character that could belong to user info, a query or a fragment, and no backslash.
    private const string Path = @"[^@:?#=&;\s\\]*";

    // The size with which the address of a picture at Google ends, as in =s96-c.
    private const string Size = "(?:=s[0-9]{1,4}(?:-[a-z]{1,2})*)?";

    // Scheme, user, host with port and path, query: only what matches as a whole is exported, as scheme, host and path.
    private const string Url = $@"'^([a-zA-Z][a-zA-Z0-9+.-]*://)(?:[^/@?#\s\\]*@)?((?:[^]/@:?#%=&;\s\\[]+|\[[0-9a-fA-F:.]+\])"
        + $@"(?::[0-9]{{1,5}})?(?:/{Path}{Size})?)(?:[?#][^@]*)?$'";

    private const string Scp = $@"'^(?:[^]/@:?#\s\\[]+@)?([a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*:{Path})(?:[?#][^@]*)?$'";

    private const string Bare = $@"'^([^]@:?#=&;\s\\[]+)(?:[?#][^@:]*)?$'";
}
