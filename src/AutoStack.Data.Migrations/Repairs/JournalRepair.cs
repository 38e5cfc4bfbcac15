using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Mends the rows of the journal in one transaction under the migration lock; then runs the missing scripts that were named.
/// </summary>
internal sealed class JournalRepair(MigratorContext context, JournalRepairOptions options)
{
    /// <inheritdoc cref="SchemaMigrator.PlanJournalRepairAsync"/>
    public async Task<JournalRepairResult> PlanAsync(CancellationToken cancellationToken)
    {
        var connection = await context.ConnectReadOnlyAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        return await TimedAsync(connection, async () =>
        {
            await VersionJournal.IsOwnAsync(connection, cancellationToken).ConfigureAwait(false);
            var (diagnosis, keys) = await ExamineAsync(connection, cancellationToken).ConfigureAwait(false);
            return Result(diagnosis, keys);
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc cref="SchemaMigrator.RepairJournalAsync"/>
    public async Task<JournalRepairResult> RunAsync(IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var session = await LockedSession.OpenAsync(context, progress, cancellationToken).ConfigureAwait(false);
        await using var closing = session.ConfigureAwait(false);
        var runner = await ScriptRunner.StartAsync(session, context, context.Options.Attempts, new Waits(progress), cancellationToken)
            .ConfigureAwait(false);
        var (diagnosis, keys) = await TimedAsync(session.Connection, async () =>
        {
            var transaction = await session.Connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            await using var ending = transaction.ConfigureAwait(false);
            var found = await MendAsync(session.Connection, cancellationToken).ConfigureAwait(false);

            // A cancelled COMMIT leaves open whether the transaction was committed.
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            return found;
        }, cancellationToken).ConfigureAwait(false);
        foreach (var script in diagnosis.Run)
        {
            var run = new ScriptRun(runner, [new SetVersions(script.Set, script.Version - 1, script.Version - 1)], up: true);
            await run.ApplyAsync(script, cancellationToken).ConfigureAwait(false);
            using var note = JournalChanges.InsertRun(session.Connection, script, context.Options.Reason);
            await note.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        return Result(diagnosis, keys);
    }

    private static JournalRepairResult Result(JournalDiagnosis diagnosis, JournalFinding? keys) =>
        new([.. diagnosis.Edits.Select(edit => edit.Finding), .. keys is { Repair: not null } ? [keys] : Array.Empty<JournalFinding>()],
            [.. diagnosis.Left, .. keys is { Repair: null } ? [keys] : Array.Empty<JournalFinding>()])
        {
            Run = [.. diagnosis.Run.Select(script => JournalFindings.Named(script.Set, script.Name))],
        };

    private async Task<(JournalDiagnosis Diagnosis, JournalFinding? Keys)> ExamineAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = await VersionJournal.ReadAsync(connection, places: true, cancellationToken).ConfigureAwait(false);
        var found = await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        if (rows.Count == 0 && MigrationPlanner.FindLostJournal(found) is { } lost)
        {
            throw new MigrationException(MigrationError.NotAdopted, lost.Message(0));
        }

        IReadOnlyList<SchemaDifference>? differences = null;
        var diagnosis = new JournalDiagnosis(context.Sets, options, (version, current) =>
            ScriptTrace.Of(version, current, differences ??= Catalog.Compare(Catalog.Expected(current), found)));
        diagnosis.Examine(rows);
        return (diagnosis, await FindLostKeysAsync(connection, cancellationToken).ConfigureAwait(false));
    }

    private async Task<(JournalDiagnosis Diagnosis, JournalFinding? Keys)> MendAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await VersionJournal.IsOwnAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            return await ExamineAsync(connection, cancellationToken).ConfigureAwait(false);
        }

        await ExecuteAsync(connection, $"LOCK TABLE {VersionJournal.Table} IN SHARE ROW EXCLUSIVE MODE", cancellationToken)
            .ConfigureAwait(false);
        var (diagnosis, keys) = await ExamineAsync(connection, cancellationToken).ConfigureAwait(false);

        // The keys of the new shape need rows that are not doubled.
        var doubled = diagnosis.Edits.Where(edit => edit.Finding.Fault == JournalFault.Doubled).ToList();
        foreach (var edit in doubled)
        {
            await NoteAsync(connection, edit.Old!, await RemoveAsync(connection, edit.Old!, cancellationToken).ConfigureAwait(false),
                null, cancellationToken).ConfigureAwait(false);
        }

        if (diagnosis.Edits.Count > doubled.Count || keys is { Repair: not null })
        {
            await VersionJournal.PrepareAsync(connection, attempts: 1, cancellationToken).ConfigureAwait(false);
        }

        // All old rows go before the new ones come: two scripts may have changed their numbers.
        var removed = new List<(RowEdit Edit, string Row)>();
        foreach (var edit in diagnosis.Edits.Except(doubled).Where(edit => edit.Old is not null))
        {
            removed.Add((edit, await RemoveAsync(connection, edit.Old!, cancellationToken).ConfigureAwait(false)));
        }

        foreach (var (edit, row) in removed)
        {
            var changed = edit.New is null ? null : await AddAsync(connection, row, edit.New, cancellationToken).ConfigureAwait(false);
            await NoteAsync(connection, edit.New ?? edit.Old!, row, changed, cancellationToken).ConfigureAwait(false);
        }

        foreach (var script in diagnosis.Edits.Select(edit => edit.Stamp).OfType<MigrationScript>())
        {
            using var stamp = JournalRows.AddWithoutRun(connection, script, Note);
            await stamp.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        if (keys is { Repair: not null })
        {
            await ExecuteAsync(connection, JournalShape.RestoreKeysSql, cancellationToken).ConfigureAwait(false);
            using var note = JournalChanges.InsertKeys(connection, context.Options.Reason);
            await note.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        return (diagnosis, keys);
    }

    private JournalNote Note => new(JournalChangeKind.Repaired, context.Options.Reason);

    private async Task<JournalFinding?> FindLostKeysAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (!await JournalShape.LacksKeysAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            return null;
        }

        return options.Only.Count == 0 || options.Only.Contains(JournalFault.LostKeys)
            ? JournalFindings.LostKeys with { Repair = "Restores the keys." } : JournalFindings.LostKeys;
    }

    private static async Task<string> RemoveAsync(
        NpgsqlConnection connection, VersionJournal.Entry row, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            DELETE FROM public.schema_versions j
            WHERE j.ctid = @place::text::pg_catalog.tid
            RETURNING pg_catalog.to_jsonb(j)::text
            """, connection);
        command.Parameters.AddWithValue("place", row.Place);
        return (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    private static async Task<string> AddAsync(
        NpgsqlConnection connection, string old, VersionJournal.Entry row, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            INSERT INTO public.schema_versions AS j
            SELECT r.*
            FROM pg_catalog.jsonb_populate_record(NULL::public.schema_versions, @old::jsonb OPERATOR(pg_catalog.||)
                pg_catalog.jsonb_build_object('script_set', @set::text, 'version', @version::int, 'name', @name::text,
                    'checksum', @checksum::text)) r
            RETURNING pg_catalog.to_jsonb(j)::text
            """, connection);
        command.Parameters.AddWithValue("old", old);
        command.Parameters.AddWithValue("set", row.Set);
        command.Parameters.AddWithValue("version", row.Version);
        command.Parameters.AddWithValue("name", row.Name);
        command.Parameters.AddWithValue("checksum", row.Checksum);
        return (string)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
    }

    private async Task NoteAsync(
        NpgsqlConnection connection, VersionJournal.Entry row, string old, string? changed, CancellationToken cancellationToken)
    {
        using var command = JournalChanges.Insert(connection, JournalChangeKind.Repaired, row, old, changed, context.Options.Reason);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    // Neither a reader of the journal nor one of the tables may keep the repair waiting for long, and the other way round.
    private async Task<T> TimedAsync<T>(NpgsqlConnection connection, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            await ExecuteAsync(connection, $"SET lock_timeout = {context.Options.TableWaitMilliseconds}", cancellationToken)
                .ConfigureAwait(false);
            return await work().ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new MigrationException(MigrationError.Locked,
                "Another session has locked the journal or a table." +
                await LockedTables.SentenceAsync(context.Server, writes: true, CancellationToken.None).ConfigureAwait(false) +
                " Nothing was changed. Run the command again.", exception);
        }
        catch (NpgsqlException exception)
        {
            throw VersionJournal.Failed("repaired", exception, context.Options.ShowValues);
        }
    }

    /// <summary>Forwards the waits of a script; a repair has no plan whose steps could be counted.</summary>
    private sealed class Waits(IProgress<MigrationEvent>? progress) : IProgress<MigrationEvent>
    {
        public void Report(MigrationEvent value)
        {
            if (value is not (StepStarted or StepFinished))
            {
                progress?.Report(value);
            }
        }
    }
}
