using AutoStack.Data.Postgres;

namespace AutoStack.Data.Archives;

/// <summary>Waits for the code of a store, which may ignore its token, or block.</summary>
internal static class StoreCall
{
    // A store that heeds its token ends within this time, and leaves nothing behind.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>Runs code of a store until it ends, or shortly after the caller's token is cancelled.</summary>
    /// <exception cref="HungStoreException">The token is cancelled, and the code of the store continues.</exception>
    public static async Task<T> RunAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        var work = Task.Run(call, CancellationToken.None);
        await ((Task)work).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!work.IsCompleted)
        {
            await ((Task)work).WaitAsync(Grace, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (work.IsCompleted)
        {
            return await work.ConfigureAwait(false);
        }

        Background.Forget(DisposeAsync(work));
        throw new HungStoreException(cancellationToken);
    }

    /// <inheritdoc cref="RunAsync{T}"/>
    public static Task RunAsync(Func<Task> call, CancellationToken cancellationToken) => RunAsync(
        async () =>
        {
            await call().ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    // An object that is opened late has no reader.
    private static async Task DisposeAsync<T>(Task<T> late)
    {
        if (await late.ConfigureAwait(false) is IAsyncDisposable opened)
        {
            await opened.DisposeAsync().ConfigureAwait(false);
        }
    }
}

/// <summary>The caller has cancelled, and the store does not end its call.</summary>
internal sealed class HungStoreException(CancellationToken caller)
    : OperationCanceledException("The call was cancelled. The archive store has not ended its own call.", caller);
