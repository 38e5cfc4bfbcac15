namespace AutoStack.Data.Migrations;

/// <summary>A lock that a script takes on a table that exists already.</summary>
/// <param name="Table">The table, with its schema unless that is <c>public</c>.</param>
/// <param name="Mode">The strongest lock of all scripts.</param>
/// <param name="Rewrites">True when a script writes the whole table, or many of its rows, anew.</param>
/// <param name="Bytes">The size of the table with its indexes; null when another session locks the table now.</param>
/// <param name="Script">The first script that takes a lock of this strength.</param>
public sealed record TableLock(string Table, TableLockMode Mode, bool Rewrites, long? Bytes, string Script)
{
    /// <summary>True when readers of the table wait until the lock is released.</summary>
    public bool StopsReaders => Mode == TableLockMode.AccessExclusive;

    /// <summary>True when writers of the table wait until the lock is released.</summary>
    public bool StopsWriters => Mode >= TableLockMode.Share;
}
