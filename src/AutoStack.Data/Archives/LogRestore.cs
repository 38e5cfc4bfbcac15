using System.Globalization;
using System.Text.RegularExpressions;
using AutoStack.Data.Partitions;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Archives;

internal sealed partial class LogRestore(Db db, PartitionMaintenance partitions, ArchiveFormats formats) : ILogRestore
{
    private const string PartitionSchema = "autostack_partitions";

    public async Task<RestoreResult?> RestoreAsync(
        string name, RestoreTarget target, IArchiveStore store, IProgress<ArchiveProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(store);
        db.Writes();
        var entry = await ArchiveShelf.FindAsync(name, store, formats, cancellationToken).ConfigureAwait(false);
        if (entry is null)
        {
            return null;
        }

        if (entry is not { State: ArchiveState.Complete, Manifest: { } manifest })
        {
            throw new ArchiveException($"The archive {name} cannot be restored. {entry.Problem}");
        }

        // What was committed without an answer is found by the second attempt.
        try
        {
            return await RestoreAsync(manifest, target, store, progress, cancellationToken).ConfigureAwait(false);
        }
        catch (DatabaseUnavailableException unknown) when (unknown.OutcomeUnknown)
        {
            try
            {
                return await RestoreAsync(manifest, target, store, progress, cancellationToken).ConfigureAwait(false);
            }
            catch (DatabaseUnavailableException)
            {
                throw unknown;
            }
        }
    }

    private static string CommentOf(ArchiveManifest manifest) => $"Restored from the archive {manifest.Name}.";

    private async Task<RestoreResult> RestoreAsync(
        ArchiveManifest manifest, RestoreTarget target, IArchiveStore store, IProgress<ArchiveProgress>? progress,
        CancellationToken cancellationToken)
    {
        var isPartition = target.Name is null;
        var (schema, table) = isPartition ? (PartitionSchema, manifest.Partition) : (target.Schema!, target.Name!);
        if (isPartition)
        {
            await CheckPlaceAsync(manifest, cancellationToken).ConfigureAwait(false);
        }

        var result = new RestoreResult($"{schema}.{table}", manifest.Rows, RestoreOutcome.AlreadyRestored);
        var found = await db.ReadBatchAsync(
            sets => sets.FindAsync(row => new Found(row.TextOrNull(), row.Flag())), [RestoreSql.Find(schema, table)], cancellationToken)
            .ConfigureAwait(false);
        if (found is not null && found.Comment != CommentOf(manifest))
        {
            throw new ArchiveException($"{result.Table} exists, and is not replaced.");
        }

        if (found is null)
        {
            await ImportAsync(manifest, schema, table, isPartition, store, progress, cancellationToken).ConfigureAwait(false);
            result = result with { Outcome = RestoreOutcome.Restored };
        }

        return isPartition && found is not { IsAttached: true }
            ? result with
            {
                Outcome = RestoreOutcome.Restored,
                LeftOut = await AttachAsync(manifest, cancellationToken).ConfigureAwait(false),
            }
            : result;
    }

    private async Task CheckPlaceAsync(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        var status = await partitions.FindStatusAsync(cancellationToken).ConfigureAwait(false);
        var table = status.Tables.FirstOrDefault(one => one.Name == manifest.Table)
            ?? throw new ArchiveException($"The archive {manifest.Name} is of no table that has partitions.");
        if (!table.IsPartitioned)
        {
            throw new ArchiveException($"{table.Name} is not partitioned: restore the archive as a table of its own.");
        }

        if (!manifest.Partition.StartsWith($"{table.Name}_p", StringComparison.Ordinal) || !Partition().IsMatch(manifest.Partition)
            || manifest.From >= manifest.Until)
        {
            throw new ArchiveException($"The manifest of {manifest.Name} names no partition of {table.Name}.");
        }

        if (table.Partitions.FirstOrDefault(one =>
            one.Name != manifest.Partition && one.From < manifest.Until && one.Until > manifest.From) is { } other)
        {
            throw new ArchiveException($"The partition {other.Name} has a part of the period of {manifest.Name}.");
        }
    }

    private async Task ImportAsync(
        ArchiveManifest manifest, string schema, string table, bool isPartition, IArchiveStore store,
        IProgress<ArchiveProgress>? progress, CancellationToken cancellationToken)
    {
        var settings = RestoreSql.Settings(
            schema, table, ArchiveColumns.DefinitionOf(manifest), isPartition ? manifest.Table : "", CommentOf(manifest),
            manifest.Rows.ToString(CultureInfo.InvariantCulture));
        try
        {
            await db.ImportAsync(
                [settings, RestoreSql.Create()],
                RestoreSql.Copy(),
                (stream, token) => ArchiveFile.ReadAsync(
                    manifest,
                    formats.Of(manifest),
                    store,
                    piece => stream.WriteAsync(piece, token),
                    rows => progress?.Report(new(manifest.Partition, ArchiveStep.Restoring, rows, manifest.Rows)),
                    token),
                [RestoreSql.Finish()],
                cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState
            is PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DatatypeMismatch or PostgresErrorCodes.InvalidSchemaName
            or PostgresErrorCodes.UndefinedObject)
        {
            throw new ArchiveException($"The archive {manifest.Name} was not restored. {exception.MessageText}.", exception);
        }
        catch (Exception exception) when (IsOfTheRows(exception))
        {
            // The server reads rows before their hash is complete: what it refuses was probably changed.
            await StoreCall.RunAsync(
                () => ArchiveFile.ReadAsync(manifest, formats.Of(manifest), store, send: null, _ => { }, cancellationToken),
                cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    // SQLSTATE 22: data exceptions.
    private static bool IsOfTheRows(Exception exception) =>
        exception is InvalidValueException
        || (exception is PostgresException { SqlState: var state } && state.StartsWith("22", StringComparison.Ordinal));

    private async Task<long> AttachAsync(ArchiveManifest manifest, CancellationToken cancellationToken)
    {
        var (lower, upper) = (Guid.Parse(ArchiveSql.Floor(manifest.From)), Guid.Parse(ArchiveSql.Floor(manifest.Until)));
        await db.WriteAsync(
            RestoreSql.Prepare(manifest.Table, manifest.Partition, lower, upper), cancellationToken).ConfigureAwait(false);
        var leftOut = await db.WriteBatchAsync(
            sets => sets.ListAsync(row => row.Long()),
            [RestoreSql.Attach(manifest.Table, manifest.Partition, lower, upper)],
            cancellationToken).ConfigureAwait(false);
        return leftOut[0];
    }

    [GeneratedRegex(@"^[a-z_]{1,50}_p[0-9]{8}(?:_2)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Partition();

    private sealed record Found(string? Comment, bool IsAttached);
}
