using System.Buffers;
using System.Globalization;
using System.Text;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Exports;

/// <summary>Copies the lines that the server makes: this process neither parses nor keeps them.</summary>
/// <param name="db">Statements without a time limit.</param>
internal sealed class AccountExport(Db db) : IAccountExport
{
    private const int BufferSize = 64 * 1024;

    public async Task<long?> WriteAsync(Guid userId, Stream destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (!destination.CanWrite)
        {
            throw new ArgumentException("destination cannot be written to.", nameof(destination));
        }

        var lines = 0L;
        var header = await db.ExportAsync(
            [AccountExportSql.Snapshot(), AccountExportSql.Header(userId)],
            sets => sets.FindAsync(row => row.Text()),
            AccountExportSql.Copy(),
            async (first, rows, token) => lines = await CopyAsync(
                first, part => rows.ReadAsync(part, token), destination, cancellationToken).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        return header is null ? null : lines;
    }

    // The token of the call follows that of the caller a little later: nothing is written in between.
    private static async Task<long> CopyAsync(
        string first, Func<Memory<byte>, ValueTask<int>> readAsync, Stream destination, CancellationToken cancellationToken)
    {
        var lines = 1L;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            await destination.WriteAsync(Encoding.UTF8.GetBytes($"{first}\n"), cancellationToken).ConfigureAwait(false);
            int read;
            while ((read = await readAsync(buffer.AsMemory(0, BufferSize)).ConfigureAwait(false)) > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                lines += buffer.AsSpan(0, read).Count((byte)'\n');
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }

        var end = string.Create(CultureInfo.InvariantCulture, $$"""{"table":"end","lines":{{lines}}}""");
        await destination.WriteAsync(Encoding.UTF8.GetBytes($"{end}\n"), cancellationToken).ConfigureAwait(false);
        await destination.FlushAsync(cancellationToken).ConfigureAwait(false);
        return lines + 1;
    }
}
