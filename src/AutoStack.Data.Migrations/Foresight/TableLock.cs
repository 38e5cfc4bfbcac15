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

/// <summary>The locks of tables, weakest first; named like those of PostgreSQL.</summary>
public enum TableLockMode
{
    /// <summary>ROW EXCLUSIVE, of a statement that writes rows.</summary>
    RowExclusive,

    /// <summary>SHARE UPDATE EXCLUSIVE: readers and writers continue, other changes of the table wait.</summary>
    ShareUpdateExclusive,

    /// <summary>SHARE: writers wait.</summary>
    Share,

    /// <summary>SHARE ROW EXCLUSIVE: writers wait.</summary>
    ShareRowExclusive,

    /// <summary>EXCLUSIVE: writers wait.</summary>
    Exclusive,

    /// <summary>ACCESS EXCLUSIVE: readers and writers wait.</summary>
    AccessExclusive,
}
