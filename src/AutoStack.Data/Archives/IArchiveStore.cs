namespace AutoStack.Data.Archives;

/// <summary>
/// A place for archives: a folder (<see cref="FolderArchiveStore"/>), a bucket of an object store, or one of your own. It stores objects
/// under names and knows nothing about what they contain. Several processes may use it concurrently.
/// </summary>
/// <remarks>
/// A name has letters, digits, <c>_</c>, <c>-</c> and <c>.</c> only, at most <see cref="FolderArchiveStore.MaxNameLength"/> characters,
/// and begins with a letter, a digit or <c>_</c>. An implementation throws the exceptions of its own place: the library reports them as the
/// inner exception of an <see cref="ArchiveException"/>.
/// </remarks>
public interface IArchiveStore
{
    /// <summary>
    /// Stores an object. It is visible under its name when it is complete and durable, and not before: when <paramref name="write"/>
    /// throws, or the process ends, there is no object.
    /// </summary>
    /// <param name="name">A name that is not in use; the store replaces nothing.</param>
    /// <param name="write">Writes the content to a stream, once; the stream is the store's, which closes it.</param>
    /// <param name="cancellationToken">Stops the work; nothing is stored then.</param>
    /// <exception cref="ArgumentException">The name is not allowed.</exception>
    Task WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken = default);

    /// <summary>Opens an object for reading from its beginning.</summary>
    /// <param name="name">The name.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The content, which the caller disposes; null when there is no object of this name.</returns>
    /// <exception cref="ArgumentException">The name is not allowed.</exception>
    Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Lists all complete objects, in any order.</summary>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>The objects.</returns>
    Task<IReadOnlyList<StoredObject>> ListAsync(CancellationToken cancellationToken = default);

    /// <summary>Removes an object.</summary>
    /// <param name="name">The name.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>True when there was an object, also when the store does not know.</returns>
    /// <exception cref="ArgumentException">The name is not allowed.</exception>
    Task<bool> RemoveAsync(string name, CancellationToken cancellationToken = default);
}

/// <summary>An object in a store.</summary>
/// <param name="Name">The name.</param>
/// <param name="Bytes">The size of its content.</param>
public sealed record StoredObject(string Name, long Bytes);
