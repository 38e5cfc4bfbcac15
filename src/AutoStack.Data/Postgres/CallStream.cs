namespace AutoStack.Data.Postgres;

/// <summary>
/// The stream of a COPY, for the code that reads or writes it. After its call has ended, it returns no bytes and takes none: what arrives
/// late from a former primary does not reach the receiver.
/// </summary>
/// <param name="copied">The stream of the driver.</param>
/// <param name="call">The call.</param>
internal sealed class CallStream(Stream copied, PendingCall call) : Stream
{
    public override bool CanRead => copied.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => copied.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        call.EnterDriver();
        var read = await copied.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        call.LeaveDriver();
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        call.EnterDriver();
        await copied.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        call.LeaveDriver();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
