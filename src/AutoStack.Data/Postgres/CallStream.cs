namespace AutoStack.Data.Postgres;

/// <summary>
/// The stream of a COPY, for the code that reads or writes it. After its call has ended, it returns no bytes and takes none: what arrives
/// late from a former primary does not reach the receiver, and a receiver that is late does not reach the connection.
/// </summary>
/// <param name="copied">The stream of the driver.</param>
/// <param name="call">The call.</param>
internal sealed class CallStream(Stream copied, PendingCall call) : Stream
{
    private readonly Lock gate = new();

    // Guarded by gate: the work of the driver that was begun last, and whether more may begin.
    private Task driving = Task.CompletedTask;
    private bool isTaken;

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
        var read = await Drive(() => copied.ReadAsync(buffer, cancellationToken).AsTask()).ConfigureAwait(false);
        call.LeaveDriver();
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        call.EnterDriver();
        await Drive(() => copied.WriteAsync(buffer, cancellationToken).AsTask()).ConfigureAwait(false);
        call.LeaveDriver();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>
    /// Lends the stream to code that may ignore its token. When the caller's token is cancelled, the stream is taken back from code that
    /// does not end, which then continues alone: the connection does not wait for it.
    /// </summary>
    public async Task LendAsync(Func<Task> use, CancellationToken cancellationToken)
    {
        // The code may also block.
        var work = Task.Run(use, CancellationToken.None);
        await work.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!work.IsCompleted)
        {
            await work.WaitAsync(Call.Grace, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await TakeAsync().ConfigureAwait(false);
        }

        if (!work.IsCompleted)
        {
            Background.Forget(work);
            cancellationToken.ThrowIfCancellationRequested();
        }

        await work.ConfigureAwait(false);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    // The driver ends what it has begun: the token of the call is cancelled.
    private Task TakeAsync()
    {
        lock (gate)
        {
            isTaken = true;
            return driving.ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private TTask Drive<TTask>(Func<TTask> begin)
        where TTask : Task
    {
        lock (gate)
        {
            if (isTaken)
            {
                throw new OperationCanceledException("The caller waits no longer.");
            }

            var work = begin();
            driving = work;
            return work;
        }
    }
}
