using System.Text;
using AutoStack.Data.Values;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Logs;

/// <summary>How far the log of a deployment goes.</summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="IsThere">False when there is no such deployment.</param>
/// <param name="Seq">The number of its last line; -1 when this transaction does not have the log.</param>
/// <param name="Size">Its size.</param>
internal readonly record struct LogEnd(Guid DeploymentId, bool IsThere, long Seq, long Size);

/// <summary>Lines that are copied: numbers, sizes and the bound of each log, which INSERT leaves to the server, are found here.</summary>
internal sealed class LogCopy(LogLines lines, DateTimeOffset now, long maxBytes, string ending)
{
    private readonly Dictionary<Guid, LogEnd> ends = [];
    private readonly List<LogOutcome> outcomes = [];

    /// <summary>Takes where the logs end.</summary>
    /// <returns>What becomes of lines that are not stored; those behind a bound are added while the lines are written.</returns>
    public IReadOnlyList<LogOutcome> Begin(IReadOnlyList<LogEnd> found)
    {
        foreach (var end in found)
        {
            if (end.Seq >= 0)
            {
                ends.Add(end.DeploymentId, end);
            }
            else
            {
                outcomes.Add(LogOutcome.Of(end.DeploymentId, end.IsThere, isLocked: false, dropped: 0));
            }
        }

        return outcomes;
    }

    /// <summary>Writes the lines, log by log.</summary>
    public async Task WriteAsync(NpgsqlBinaryImporter importer, CancellationToken cancellationToken)
    {
        var createdAt = Time.ToColumn(now);
        for (int first = 0, next; first < lines.Count; first = next)
        {
            var deploymentId = lines.DeploymentIds[first];
            for (next = first + 1; next < lines.Count && lines.DeploymentIds[next] == deploymentId; next++)
            {
            }

            if (!ends.TryGetValue(deploymentId, out var end))
            {
                continue;
            }

            var (seq, size) = (end.Seq, end.Size);
            var i = first;
            for (; i < next && size <= maxBytes; i++)
            {
                size += Encoding.UTF8.GetByteCount(lines.Messages[i]!) + DeploymentLogAppends.LineBytes;
                await WriteAsync(importer, i, ++seq, size, isLast: i == next - 1, createdAt, cancellationToken).ConfigureAwait(false);
            }

            if (size > maxBytes)
            {
                // The line in whose place the ending stands is one of them.
                outcomes.Add(new LogOutcome(deploymentId, LogState.Full, next - i + (i > first ? 1 : 0)));
            }
        }
    }

    private async Task WriteAsync(
        NpgsqlBinaryImporter importer, int i, long seq, long size, bool isLast, DateTime createdAt, CancellationToken cancellationToken)
    {
        var isTooMuch = size > maxBytes;
        await importer.StartRowAsync(cancellationToken).ConfigureAwait(false);
        await importer.WriteAsync(lines.Ids[i], NpgsqlDbType.Uuid, cancellationToken).ConfigureAwait(false);
        await importer.WriteAsync(lines.DeploymentIds[i], NpgsqlDbType.Uuid, cancellationToken).ConfigureAwait(false);
        await importer.WriteAsync(lines.Times[i], NpgsqlDbType.Timestamp, cancellationToken).ConfigureAwait(false);
        await importer.WriteAsync(isTooMuch ? DeploymentLogLevel.Warning.Value : lines.Levels[i], NpgsqlDbType.Text, cancellationToken).ConfigureAwait(false);
        await importer.WriteAsync(isTooMuch ? ending : lines.Messages[i], NpgsqlDbType.Text, cancellationToken).ConfigureAwait(false);
        await importer.WriteAsync(createdAt, NpgsqlDbType.Timestamp, cancellationToken).ConfigureAwait(false);
        await importer.WriteAsync(seq, NpgsqlDbType.Bigint, cancellationToken).ConfigureAwait(false);
        if (isLast || isTooMuch)
        {
            await importer.WriteAsync(size, NpgsqlDbType.Bigint, cancellationToken).ConfigureAwait(false);
        }
        else
        {
            await importer.WriteNullAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
