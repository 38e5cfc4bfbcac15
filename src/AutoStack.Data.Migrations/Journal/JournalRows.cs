using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Why rows of the journal change.</summary>
/// <param name="Kind">What changes them.</param>
/// <param name="Reason">The words of the operator; null when none were given.</param>
internal sealed record JournalNote(JournalChangeKind Kind, string? Reason);

/// <summary>
/// The statements that add and remove rows of the journal. A removed row, and a row that no script wrote, leaves a trace in the changes.
/// </summary>
internal static class JournalRows
{
    /// <summary>
    /// Sets the statement that adds the row of a version that its script has created, or removes the row of a version that a down script
    /// has reverted.
    /// </summary>
    public static NpgsqlCommand Record(NpgsqlCommand command, MigrationScript script, bool up, TimeSpan duration, string? reason) =>
        up ? Fill(command, Add(script, Parameters), script, duration, reason: null)
            : Fill(command, Remove(Parameters, JournalChangeKind.Downgraded), script, duration, reason);

    /// <summary>
    /// The statement of <see cref="Record"/> with its values as literals; the duration is recorded as 0, since it is unknown.
    /// </summary>
    public static string RecordSql(MigrationScript script, bool up, string? reason)
    {
        var values = new Values(
            Literal(script.Set), script.IsRepeatable ? "NULL" : $"{script.Version}", Literal(script.Name), Literal(script.Checksum), "0",
            Literal(VersionJournal.ToolVersion), reason is null ? "NULL" : Literal(reason));
        return up ? Add(script, values) : Remove(values, JournalChangeKind.Downgraded);
    }

    /// <summary>Adds and removes rows without running scripts, all or none of them. Creates the table when it does not exist.</summary>
    /// <exception cref="MigrationException">The server refuses, or the session is lost.</exception>
    public static async Task StampAsync(
        NpgsqlConnection connection,
        IReadOnlyList<MigrationScript> add,
        IReadOnlyList<MigrationScript> remove,
        JournalNote note,
        bool showValues,
        CancellationToken cancellationToken)
    {
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using var ending = transaction.ConfigureAwait(false);
            if (add.Count + remove.Count > 0)
            {
                await VersionJournal.PrepareAsync(connection, attempts: 1, cancellationToken).ConfigureAwait(false);
            }

            foreach (var script in remove)
            {
                await RunAsync(script, Remove(Parameters, note.Kind)).ConfigureAwait(false);
            }

            foreach (var script in add)
            {
                await RunAsync(script, AddUnrun(script, note.Kind)).ConfigureAwait(false);
            }

            // A cancelled COMMIT leaves open whether the transaction was committed.
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
        }
        catch (NpgsqlException exception)
        {
            throw VersionJournal.Failed("written", exception, showValues);
        }

        async Task RunAsync(MigrationScript script, string sql)
        {
            using var command = new NpgsqlCommand { Connection = connection };
            await Fill(command, sql, script, TimeSpan.Zero, note.Reason).ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Adds the row of a script that is not run, in the caller's transaction.</summary>
    public static NpgsqlCommand AddWithoutRun(NpgsqlConnection connection, MigrationScript script, JournalNote note) =>
        Fill(new NpgsqlCommand { Connection = connection }, AddUnrun(script, note.Kind), script, TimeSpan.Zero, note.Reason);

    private static Values Parameters { get; } =
        new("@set", "@version", "@name", "@checksum", "@duration", "@tool", "@reason");

    // A repeatable script has one row, that of its last run.
    private static string Add(MigrationScript script, Values v) => $"""
        INSERT INTO public.schema_versions (script_set, version, name, checksum, applied_at, duration_ms, applied_by, tool_version)
        VALUES ({v.Set}, {v.Version}, {v.Name}, {v.Checksum}, pg_catalog.clock_timestamp(), {v.Duration}, current_user, {v.Tool})
        """ + (script.IsRepeatable
        ? """

            ON CONFLICT (script_set, name) DO UPDATE SET
                checksum = excluded.checksum, applied_at = excluded.applied_at, duration_ms = excluded.duration_ms,
                applied_by = excluded.applied_by, tool_version = excluded.tool_version
            """
        : "");

    // The row has the time of its change, which tells it from the row of a script that ran.
    private static string AddUnrun(MigrationScript script, JournalChangeKind kind) => $"""
        {JournalChanges.EnsureSql};
        WITH j AS (
            {Add(script, Parameters)}
            RETURNING *
        )
        {JournalChanges.InsertSql}
            j.applied_at, session_user, '{JournalChanges.Word(kind)}', j.script_set, j.version, j.name,
            NULL::pg_catalog.jsonb, pg_catalog.to_jsonb(j), @reason, @tool
        FROM j
        """;

    // A version that is removed takes the rows of the repeatable scripts with it: what they created may be gone, so that the next upgrade
    // runs them again.
    private static string Remove(Values v, JournalChangeKind kind) => $"""
        {JournalChanges.EnsureSql};
        WITH j AS (
            DELETE FROM public.schema_versions
            WHERE script_set = {v.Set} AND (version = {v.Version} OR version IS NULL)
            RETURNING *
        )
        {JournalChanges.InsertSql}
            pg_catalog.clock_timestamp(), session_user, '{JournalChanges.Word(kind)}', j.script_set, j.version, j.name,
            pg_catalog.to_jsonb(j), NULL::pg_catalog.jsonb, {v.Reason}, {v.Tool}
        FROM j
        """;

    private static NpgsqlCommand Fill(NpgsqlCommand command, string sql, MigrationScript script, TimeSpan duration, string? reason)
    {
        command.CommandText = sql;
        command.Parameters.AddWithValue("set", script.Set);
        command.Parameters.Add(
            JournalChanges.Nullable("version", NpgsqlDbType.Integer, script.IsRepeatable ? null : script.Version));
        command.Parameters.AddWithValue("name", script.Name);
        command.Parameters.AddWithValue("checksum", script.Checksum);
        command.Parameters.AddWithValue("duration", (long)duration.TotalMilliseconds);
        command.Parameters.AddWithValue("tool", VersionJournal.ToolVersion);
        command.Parameters.Add(JournalChanges.Nullable("reason", NpgsqlDbType.Text, reason));
        return command;
    }

    // E'…' reads a backslash in the same way whatever standard_conforming_strings is.
    private static string Literal(string text)
    {
        var quoted = text.Replace("'", "''", StringComparison.Ordinal);
        return quoted.Contains('\\', StringComparison.Ordinal)
            ? $"E'{quoted.Replace("\\", "\\\\", StringComparison.Ordinal)}'" : $"'{quoted}'";
    }

    /// <summary>The values of a row in SQL: parameters or literals.</summary>
    private sealed record Values(string Set, string Version, string Name, string Checksum, string Duration, string Tool, string Reason);
}
