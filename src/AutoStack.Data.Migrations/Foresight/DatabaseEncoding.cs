namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The encoding that a database needs. Another one lacks characters of the scripts and of the rows (22P05); SQL_ASCII converts and checks
/// nothing, so that programs store bytes that others cannot read.
/// </summary>
internal static class DatabaseEncoding
{
    public const string Name = "UTF8";

    public const string Mend =
        "Move the rows into a database with UTF8: autostack-db create for a new name, pg_dump --encoding=UTF8 of this one, and restore it.";

    /// <summary>The problem of another encoding, as a sentence.</summary>
    public static string Problem(string encoding) => encoding == "SQL_ASCII"
        ? "The encoding of the database is SQL_ASCII, which stores the bytes of every client unchecked; the schema needs UTF8."
        : $"The encoding of the database is {encoding}, which lacks characters of the scripts and of the rows; the schema needs UTF8.";
}
