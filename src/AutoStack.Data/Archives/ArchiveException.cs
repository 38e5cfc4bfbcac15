using Npgsql;

namespace AutoStack.Data.Archives;

/// <summary>
/// An archive could not be stored, read, verified or restored: the store failed, an object is missing or damaged, or the place of a
/// restored table is taken. A partition whose archive failed was not dropped.
/// </summary>
public sealed class ArchiveException : AutoStackDataException
{
    /// <summary>Creates the exception, as a fake of an archive does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public ArchiveException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>Runs a call of a store, and reports its failure.</summary>
    internal static async Task<T> OfStoreAsync<T>(string doing, Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await StoreCall.RunAsync(call, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsOfStore(exception, cancellationToken))
        {
            throw OfStore(doing, exception);
        }
    }

    /// <summary>
    /// Whether an exception is neither the library's nor the database's, and no cancellation by the caller. A store reports its own
    /// time limit as a cancellation, as an HttpClient does.
    /// </summary>
    internal static bool IsOfStore(Exception exception, CancellationToken cancellationToken) => exception is OperationCanceledException
        ? !cancellationToken.IsCancellationRequested
        : exception is not (AutoStackDataException or NpgsqlException);

    /// <summary>The failure of a store.</summary>
    internal static ArchiveException OfStore(string doing, Exception exception) =>
        new($"The archive store failed while {doing}: {exception.Message}", exception);
}
