namespace AutoStack.Data.Postgres;

/// <summary>
/// Plans the statements that follow in a transaction for their values: a generic plan does not know how often a searched text occurs.
/// </summary>
internal static class CustomPlan
{
    /// <summary>The first statement of a batch; its result is skipped.</summary>
    public static Statement ForTransaction() => new("SELECT pg_catalog.set_config('plan_cache_mode', 'force_custom_plan', TRUE)");
}
