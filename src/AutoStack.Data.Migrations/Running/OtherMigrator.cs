using System.Globalization;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Recognises the work of another migrator in a script that failed: a tool without the lock of the working session, or a script that was
/// run by hand.
/// </summary>
internal static class OtherMigrator
{
    // Unique violation; table, column, object, schema or function that exists already.
    private static readonly string[] Met = ["23505", "42P07", "42701", "42710", "42P06", "42723"];

    /// <summary>What the other migrator did; null when the script failed for another reason.</summary>
    public static async Task<string?> FindAsync(NpgsqlConnection connection, MigrationScript script, bool up, PostgresException exception)
    {
        if (!up || !script.IsJournaled || !Met.Contains(exception.SqlState, StringComparer.Ordinal))
        {
            return null;
        }

        try
        {
            using var command = new NpgsqlCommand("""
                SELECT j.applied_by, j.applied_at AT TIME ZONE 'UTC'
                FROM public.schema_versions j
                WHERE j.script_set = @set AND j.name = @name AND j.checksum = @checksum
                """, connection);
            command.Parameters.AddWithValue("set", script.Set);
            command.Parameters.AddWithValue("name", script.Name);
            command.Parameters.AddWithValue("checksum", script.Checksum);
            var reader = await command.ExecuteReaderAsync().ConfigureAwait(false);
            await using var closing = reader.ConfigureAwait(false);
            return await reader.ReadAsync().ConfigureAwait(false)
                ? string.Create(CultureInfo.InvariantCulture,
                    $"{script.Up.FileName}: another migrator (role {reader.GetString(0)}) applied this script at " +
                    $"{reader.GetDateTime(1):yyyy-MM-dd HH:mm:ss} UTC, while this one ran it without effect. Run the command again.")
                : null;
        }
        catch (Exception failure) when (failure is NpgsqlException or InvalidOperationException)
        {
            // The original failure is reported.
            return null;
        }
    }

    /// <summary>The message for a script whose lock was lost while it ran.</summary>
    public static string LockLost(MigrationStep step) =>
        $"{step.FileName}: the session that holds the migration lock ended while this script ran; the script was cancelled" +
        (step.Transactional ? " and rolled back." : ", and the next run drops an index that is not finished.") +
        " Another migrator may have started. Run the command again: it waits for the other one.";

    /// <summary>The message for a script after which another migrator has the lock of the working session.</summary>
    public static string Released(MigrationStep step) =>
        $"{step.FileName}: the script was completed and is recorded, but it released the lock of its session (pg_advisory_unlock_all), " +
        "which another migrator has taken. Run the command again: it waits for the other one.";

    /// <summary>The message for a down script whose journal row is gone.</summary>
    public static string Reverted(MigrationStep step) =>
        $"{step.FileName}: another migrator has removed this version from the journal, while this one reverted it without effect. " +
        "Run the command again.";
}
