namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The roles whose objects a session may use, because they have its rights anyway: its own, those that it is a member of, superusers, and
/// the owner of the database.
/// </summary>
internal static class TrustedRoles
{
    /// <summary>The tables <c>mine</c> and <c>trusted</c>, after WITH RECURSIVE.</summary>
    public const string Tables = """
        mine AS (
                SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname IN (current_user, session_user)
                UNION
                SELECT m.roleid FROM pg_catalog.pg_auth_members m JOIN mine ON mine.oid = m.member
            ),
            trusted AS (
                SELECT mine.oid FROM mine
                UNION ALL
                SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper
                UNION ALL
                SELECT d.datdba FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()
            )
        """;

    /// <summary>
    /// The condition that a table <c>c</c> belongs to a trusted role, or to one that may create in its schema by name, as the owner of
    /// scripts/roles.sql: a superuser enables features beside it.
    /// </summary>
    public const string OwnTable = $"""
        (c.relowner IN (
            WITH RECURSIVE {Tables}
            SELECT t.oid FROM trusted t)
        OR EXISTS (
            SELECT
            FROM pg_catalog.pg_namespace n
            CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) a
            WHERE n.oid = c.relnamespace AND a.grantee = c.relowner AND a.privilege_type = 'CREATE'))
        """;
}
