using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations;

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

/// <summary>The words of PostgreSQL for lock modes.</summary>
internal static partial class TableLockModes
{
    /// <summary>The words, for example <c>ACCESS EXCLUSIVE</c>.</summary>
    public static string Words(this TableLockMode mode) => Humps().Replace(mode.ToString(), " $0").ToUpperInvariant();

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex Humps();
}
