namespace AutoStack.Data.Postgres;

/// <summary>
/// Passes the ids locked by a batch's first statement to the next one, in a transaction-local setting. A row's <c>xmax</c> cannot, since it
/// does not name the holder of a lock that others share.
/// </summary>
internal static class Chosen
{
    /// <summary>
    /// The SELECT expression that keeps the ids, and returns them as one text, empty without a row. Needs the rows <c>c</c> (id).
    /// </summary>
    internal const string Keep = "pg_catalog.set_config('autostack.chosen_deployments', coalesce(pg_catalog.string_agg(c.id::text, ','), ''), TRUE)";

    /// <summary>The ids, an array of <c>uuid</c>.</summary>
    internal const string Ids = "pg_catalog.string_to_array(pg_catalog.current_setting('autostack.chosen_deployments'), ',')::uuid[]";
}
