using System.Text;
using AutoStack.Data.Values;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Logs;

/// <summary>The end of a deployment's log.</summary>
/// <param name="DeploymentId">The deployment.</param>
/// <param name="Exists">False when the deployment does not exist.</param>
/// <param name="Seq">The number of the last line; -1 when this transaction has not locked the log.</param>
/// <param name="Size">The size of the log.</param>
internal readonly record struct LogEnd(Guid DeploymentId, bool Exists, long Seq, long Size);

/// <summary>Lines sent by COPY: the client computes the numbers, sizes and the bound, which the server computes for INSERT.</summary>
internal sealed class LogCopy(LogLines lines, DateTimeOffset now, long maxBytes, string ending)
{
    private readonly Dictionary<Guid, LogEnd> ends = [];
    private readonly List<LogAppendResult> results = [];

    /// <summary>Sets the ends of the logs.</summary>
    /// <returns>
    /// The results of deployments whose lines are not stored. <see cref="WriteAsync(NpgsqlBinaryImporter, CancellationToken)"/> adds the
    /// logs that reach their maximum size.
    /// </returns>
    public IReadOnlyList<LogAppendResult> Begin(IReadOnlyList<LogEnd> found)
    {
        foreach (var end in found)
        {
            if (end.Seq >= 0)
            {
                ends.Add(end.DeploymentId, end);
            }
            else
            {
                results.Add(LogAppendResult.Of(end.DeploymentId, end.Exists, isLocked: false, dropped: 0));
            }
        }

        return results;
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
                // The line that the ending replaces is dropped too.
                results.Add(new LogAppendResult(deploymentId, LogAppendOutcome.Full, next - i + (i > first ? 1 : 0)));
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
        var level = isTooMuch ? DeploymentLogLevel.Warning.Value : lines.Levels[i];
        await importer.WriteAsync(level, NpgsqlDbType.Text, cancellationToken).ConfigureAwait(false);
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
