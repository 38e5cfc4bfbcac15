using AutoStack.Data.Integrity;

namespace AutoStack.Data.Cli.Output;

/// <summary>The result of <c>verify</c> as JSON.</summary>
/// <remarks>
/// <code>
/// {"database":"localhost:5432, database autostack","sound":false,"checks":[{"check":"foreign-key","rows":1200,"durationMs":31.5},…],
///  "findings":[…]}
/// </code>
/// </remarks>
internal static class VerifyJson
{
    public static object Of(VerificationResult result, string where) => new
    {
        Database = where,
        Sound = result.IsSound,
        Checks = result.Checks.Select(check => new
        {
            check.Check,
            check.Rows,
            DurationMs = Math.Round(check.Duration.TotalMilliseconds, 1),
        }),
        Findings = FindingJson.Of(result.Findings),
    };
}
