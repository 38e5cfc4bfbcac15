namespace AutoStack.Data.Postgres;

/// <summary>
/// How the first statement of a batch, which locks deployments, tells the next one which they are: by a setting of the transaction. A row's
/// xmax would not do, since it does not name its holder while others share it.
/// </summary>
internal static class Chosen
{
    /// <summary>Selected from rows <c>c</c> with an <c>id</c>: the ids as one text, empty when there are none.</summary>
    internal const string Keep = "pg_catalog.set_config('autostack.chosen_deployments', coalesce(pg_catalog.string_agg(c.id::text, ','), ''), TRUE)";

    /// <summary>The ids, an array of <c>uuid</c>.</summary>
    internal const string Ids = "pg_catalog.string_to_array(pg_catalog.current_setting('autostack.chosen_deployments'), ',')::uuid[]";
}
