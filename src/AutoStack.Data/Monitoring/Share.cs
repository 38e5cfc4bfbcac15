namespace AutoStack.Data.Monitoring;

/// <summary>Shares of counters.</summary>
internal static class Share
{
    /// <summary>The share of the first in both, 0 to 1; null when both are zero.</summary>
    public static double? Of(long first, long second) => first + second == 0 ? null : (double)first / (first + second);
}
