namespace AutoStack.Data.Exports;

/// <summary>Everything that the database stores about a user, for the user: the answer to a request for their data.</summary>
public interface IAccountExport
{
    /// <summary>The version of the format, in the first line of an export.</summary>
    const int Format = 1;

    /// <summary>
    /// Writes everything that is stored about a user as JSON lines (UTF-8, one object per line), without secrets: no hash, token,
    /// environment or webhook body. All lines are of one moment. Memory is bounded, whatever the number of lines.
    /// </summary>
    /// <remarks>
    /// Each line names its table in <c>table</c>; the other members are columns. The first line has the table <c>export</c>, with
    /// <c>format</c>, <c>user_id</c>, <c>exported_at</c> and <c>schema_version</c>; the last line has the table <c>end</c>, with the
    /// number of <c>lines</c> before it: an export without it is not complete. Times are UTC, in ISO 8601 without an offset. A further
    /// column or table is no change of the format. <c>docs/personal-data.md</c> lists the tables, and what is left out.
    /// <para>
    /// The call takes as long as the writing does, is limited by no timeout, and holds a connection and a snapshot of the database
    /// meanwhile: write to a file or a store, and not to a client that may be slow.
    /// </para>
    /// </remarks>
    /// <param name="userId">The user.</param>
    /// <param name="destination">Receives the lines; stays open. Nothing is written for a user who does not exist.</param>
    /// <param name="cancellationToken">Stops the export; a part of the lines may be written then.</param>
    /// <returns>
    /// The number of lines, with the first and the last one; null when the user does not exist, or has removed the account.
    /// </returns>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is null, or cannot be written to.</exception>
    /// <exception cref="DatabaseUnavailableException">
    /// The connection was lost, or another server became the primary; begin again with an empty destination. The library itself begins
    /// again only while nothing is written. The call ends after a write to the destination that still runs, and writes nothing afterwards.
    /// </exception>
    Task<long?> WriteAsync(Guid userId, Stream destination, CancellationToken cancellationToken = default);
}
