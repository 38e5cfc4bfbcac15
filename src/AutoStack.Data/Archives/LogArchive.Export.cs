using AutoStack.Data.Partitions;

namespace AutoStack.Data.Archives;

internal sealed partial class LogArchive
{
    private async Task<ArchiveManifest> ExportAsync(
        string name, string table, LogPartition partition, DateTimeOffset at, Stream target, IProgress<ArchiveProgress>? progress,
        CancellationToken cancellationToken)
    {
        ArchiveFile.Written? written = null;
        var facts = await db.ExportAsync(
            [
                ArchiveSql.Snapshot(),
                ArchiveSql.Facts(partition.Name, partition.Ids!.Value.From, partition.Ids!.Value.Until),
                ArchiveSql.Columns(table),
            ],
            async sets =>
            {
                var found = await sets.FindAsync(row => new Facts(new(row.Long(), row.Text(), null), row.Long(), row.Text()))
                    .ConfigureAwait(false);
                if (found is null)
                {
                    return null;
                }

                var columns = await sets.ListAsync(row => new ArchiveColumn(row.Text(), row.Text())).ConfigureAwait(false);
                return columns.FirstOrDefault(column => !ArchiveColumns.CanRestore(column)) is { } other
                    ? throw new ArchiveException(
                        $"The column {other.Name} of {table} has a name or a type that a restore cannot create: {other.Type}.")
                    : found with { Columns = columns };
            },
            ArchiveSql.Copy(table),
            async (found, rows, token) => written = await ArchiveFile.WriteAsync(
                formats.New, found.Columns, rows, target, Report(progress, partition.Name, ArchiveStep.Copying, found.Content.Rows), token)
                .ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false)
            ?? throw new ArchiveException($"The partition {partition.Name} was dropped before it was archived.");
        if (written!.Tally.Rows != facts.Content.Rows)
        {
            throw new ArchiveException(
                $"The partition {partition.Name} has {facts.Content.Rows} rows, and {written.Tally.Rows} are in its range.");
        }

        return new ArchiveManifest
        {
            FormatVersion = ArchiveManifest.CurrentFormatVersion,
            Name = name,
            Table = table,
            Partition = partition.Name,
            From = partition.From!.Value,
            Until = partition.Until!.Value,
            Columns = facts.Columns,
            Rows = facts.Content.Rows,
            Content = facts.Content.Hash,
            Format = formats.New == ArchiveFormat.Csv ? null : formats.New.Name,
            Compression = formats.New.Compression,
            Options = ArchiveSql.Options,
            Order = ArchiveSql.OrderOf(table),
            Bytes = written.Bytes,
            Sha256 = written.Sha256,
            PlainBytes = written.PlainBytes,
            PlainSha256 = written.PlainSha256,
            SchemaVersion = facts.SchemaVersion,
            ServerVersion = facts.Server,
            CreatedAt = at,
            Checksum = "",
        };
    }

    private sealed record Facts(Content Content, long SchemaVersion, string Server)
    {
        public IReadOnlyList<ArchiveColumn> Columns { get; init; } = [];
    }
}
