using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using Npgsql;

namespace AutoStack.Data.Health;

/// <summary>Finds out whether a database can serve: its schema, and whether it accepts changes.</summary>
/// <param name="db">The executor.</param>
/// <param name="tenants">Under whose rights the statements of an owner run; null for those of the connection.</param>
internal sealed class Readiness(Db db, TenantAccess? tenants)
{
    /// <summary>
    /// Why the schema does not serve; null when it does. The journal of an older tool has no column for the set of a script.
    /// </summary>
    /// <exception cref="DatabaseUnavailableException">The database did not answer.</exception>
    public async Task<string?> FindSchemaProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            var version = await db.FindValueAsync(row => row.Int(), """
                SELECT coalesce(pg_catalog.max(v.version), 0)
                FROM public.schema_versions v
                WHERE coalesce(pg_catalog.to_jsonb(v) OPERATOR(pg_catalog.->>) 'script_set', 'core') = 'core'
                """, [], cancellationToken).ConfigureAwait(false);
            return version >= SchemaVersion.Required
                ? await FindTenantProblemAsync(cancellationToken).ConfigureAwait(false)
                : $"The schema has version {version}, and the service needs {SchemaVersion.Required}: run 'autostack-db upgrade'.";
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UndefinedTable)
        {
            return "The database has no table public.schema_versions: run 'autostack-db upgrade' on an empty database, " +
                "or 'autostack-db adopt' on an existing one.";
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InvalidCatalogName)
        {
            return "The server has no database of this name: run 'autostack-db create', then 'autostack-db upgrade'.";
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            return "The role may not read public.schema_versions: run 'autostack-db roles apply', or grant SELECT on the table.";
        }
    }

    // Why the calls of users, or those of the platform, cannot run where row security is on or meant to be; null when they can. A role that
    // is subject to row security would be answered without rows, as if the tables were empty.
    private async Task<string?> FindTenantProblemAsync(CancellationToken cancellationToken)
    {
        var role = tenants?.Role;
        var found = await db.FindAsync(
            row => new
            {
                IsOn = row.Flag(),
                IsSubject = row.Flag(),
                Exists = row.Flag(),
                IsMember = row.Flag(),
                Bypasses = row.Flag(),
                IsSigned = row.Flag(),
                Milliseconds = row.Long(),
            }, """
            SELECT
                coalesce(c.relrowsecurity, FALSE),
                coalesce(pg_catalog.row_security_active(c.oid), FALSE),
                r.oid IS NOT NULL,
                coalesce(pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER'), FALSE),
                coalesce(r.rolsuper OR r.rolbypassrls, FALSE),
                EXISTS (
                    SELECT
                    FROM pg_catalog.pg_proc p
                    WHERE p.oid = pg_catalog.to_regprocedure('public.row_security_user_id()')::oid AND p.prosecdef),
                pg_catalog.floor(extract(epoch FROM pg_catalog.statement_timestamp()) / 0.001)::bigint
            FROM (SELECT pg_catalog.to_regclass('public.deployments')::oid AS oid) t
            LEFT JOIN pg_catalog.pg_class c ON c.oid = t.oid
            LEFT JOIN pg_catalog.pg_roles r ON r.rolname::text = @role
            """, [P.TextOrNull(role)], cancellationToken).ConfigureAwait(false);
        if (found is not null)
        {
            tenants?.Learn(found.Milliseconds);
        }

        return found switch
        {
            { IsSubject: true } =>
                "The role of the connection is subject to row security, and is shown no row: run scripts/roles.sql, " +
                "or ALTER ROLE … BYPASSRLS.",
            _ when role is null => null,
            null or { IsOn: false } =>
                $"AutoStackDataOptions.TenantRole is '{role}', and the database does not have the feature row-security: run " +
                "'autostack-db feature enable row-security', or leave the setting out.",
            { Exists: false } => $"AutoStackDataOptions.TenantRole is '{role}', and the server has no such role: run scripts/roles.sql.",
            { IsMember: false } =>
                $"The role of the connection is no member of '{role}' (AutoStackDataOptions.TenantRole): " +
                "run scripts/roles.sql, or GRANT it.",
            { Bypasses: true } => $"The role '{role}' (AutoStackDataOptions.TenantRole) bypasses row security: ALTER ROLE … NOBYPASSRLS.",
            _ when found.IsSigned != tenants!.IsSigned => found.IsSigned
                ? "The database has the feature signed-identity, and AutoStackDataOptions.IdentityKey is not set."
                : "AutoStackDataOptions.IdentityKey is set, and the database does not have the feature signed-identity: run " +
                    "'autostack-db feature enable signed-identity', or leave the setting out.",
            { IsSigned: true } => await FindKeyProblemAsync(cancellationToken).ConfigureAwait(false),
            _ => null,
        };
    }

    // Signs the identity of nobody, as every call of a user signs its user's, and has the database read it. The library has just learnt the
    // database's time: it is not the clock that makes the database refuse.
    private async Task<string?> FindKeyProblemAsync(CancellationToken cancellationToken)
    {
        try
        {
            await db.FindValueAsync(row => row.Flag(), $"""
                SELECT public.row_security_user_id() = @ownerId AND {AccountState.OwnerIsOpen}
                """, [P.Owner(Guid.AllBitsSet)], cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (IdentityRefusedException)
        {
            return "The database does not accept identities that are signed with AutoStackDataOptions.IdentityKey: set a key of the " +
                "database, or add this one with row_security_add_key.";
        }
    }

    /// <summary>Why the database accepts no changes; null when it does. A standby shows its sessions as read-only, too.</summary>
    public async Task<string?> FindWriteProblemAsync(CancellationToken cancellationToken)
    {
        var isReadOnly = await db.FindValueAsync(row => row.Flag(), """
            SELECT pg_catalog.current_setting('transaction_read_only') = 'on'
            """, [], cancellationToken).ConfigureAwait(false);
        return isReadOnly == true ? "The database is read-only." : null;
    }
}
