using System.Security.Cryptography;

namespace AutoStack.Data.Archives;

/// <summary>
/// Counts and hashes the bytes that pass through to another stream, or come from it; closing it leaves the other one open.
/// </summary>
/// <param name="inner">The other stream.</param>
/// <param name="token">Stops writes that come without a token, such as those of an encoder that is disposed.</param>
internal sealed class HashedStream(Stream inner, CancellationToken token = default) : Stream
{
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    /// <summary>The number of bytes so far.</summary>
    public long Count { get; private set; }

    /// <summary>Whether further writes are ignored: the other stream has failed, or its file is given up.</summary>
    public bool IsDiscarding { get; set; }

    public override bool CanRead => inner.CanRead;

    public override bool CanSeek => false;

    public override bool CanWrite => inner.CanWrite;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>The SHA-256 of the bytes so far, in hexadecimal digits.</summary>
    public string Sha256() => Convert.ToHexStringLower(hash.GetCurrentHash());

    public override void Flush()
    {
        if (!IsDiscarding)
        {
            inner.Flush();
        }
    }

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        IsDiscarding ? Task.CompletedTask : inner.FlushAsync(Of(cancellationToken));

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        Add(buffer[..read]);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        Add(buffer.Span[..read]);
        return read;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (IsDiscarding)
        {
            return;
        }

        inner.Write(buffer);
        Add(buffer);
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (IsDiscarding)
        {
            return;
        }

        await inner.WriteAsync(buffer, Of(cancellationToken)).ConfigureAwait(false);
        Add(buffer.Span);
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            hash.Dispose();
        }

        base.Dispose(disposing);
    }

    private CancellationToken Of(CancellationToken given) => given.CanBeCanceled ? given : token;

    private void Add(ReadOnlySpan<byte> bytes)
    {
        hash.AppendData(bytes);
        Count += bytes.Length;
    }
}
