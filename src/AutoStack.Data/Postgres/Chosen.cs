namespace AutoStack.Data.Postgres;

/// <summary>
/// Passes the ids that one statement of a batch has locked or proved to the statements after it, in a setting of the transaction.
/// </summary>
/// <remarks>
/// The statement that chooses selects <see cref="Keep"/>; each later statement of the batch compares with <see cref="Ids"/>. A statement
/// starts after the locks of the one before are granted, so that it sees what other transactions committed meanwhile, for the chosen rows
/// only. Every batch keeps ids before it reads them: the setting of an earlier batch of the same unit of work is never read. A row's xmax
/// cannot replace the setting: while several transactions share the row's lock, xmax does not name its holder.
/// </remarks>
internal static class Chosen
{
    /// <summary>
    /// The value to select from rows <c>c</c> with an <c>id</c>. Stores the ids, and returns them as one text, empty when there are none.
    /// </summary>
    internal const string Keep =
        "pg_catalog.set_config('autostack.chosen_ids', coalesce(pg_catalog.string_agg(c.id::text, ','), ''), TRUE)";

    /// <summary>The ids, an array of <c>uuid</c>; it needs an earlier statement of the batch that selects <see cref="Keep"/>.</summary>
    internal const string Ids = "pg_catalog.string_to_array(pg_catalog.current_setting('autostack.chosen_ids'), ',')::uuid[]";
}
