using AutoStack.Data.LocalServer;
using Npgsql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>
/// Test databases whose process was killed. Each database records its process in a comment; a database is dropped only when that process is
/// known to be dead.
/// </summary>
internal static class AbandonedDatabases
{
    public const string Prefix = "autostack_test_";

    /// <summary>The statement that records this process as the owner of a database.</summary>
    public static string MarkSql(string name) =>
        $"COMMENT ON DATABASE {name} IS '{OwnerProcess.Current.ToString().Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Drops the test databases of dead processes of this machine.</summary>
    public static async Task DropAsync(Administration administration, CancellationToken cancellationToken)
    {
        var databases = await administration.ListAsync("""
            SELECT datname::text, shobj_description(oid, 'pg_database')
            FROM pg_database
            WHERE datname ~ '^autostack_test_[0-9a-f]{16}$'
            """, cancellationToken).ConfigureAwait(false);
        foreach (var (name, owner) in databases.Where(database => OwnerProcess.Parse(database.Second) is { IsDead: true }))
        {
            try
            {
                await administration.ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)", cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException)
            {
                // Another role owns the database, or another process is dropping it; neither is a reason to fail.
            }
        }
    }
}
