using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Output;

/// <summary>Findings as JSON, a member <c>findings</c> of the verbs that report them.</summary>
/// <remarks>
/// <code>
/// "findings":[{"rule":"long-transaction","severity":"warning","subject":"pid 4711","problem":"…","cost":"…","mend":"…","statement":"…"},…]
/// severity is information, warning or error; cost, mend and statement are null when there is none
/// </code>
/// </remarks>
internal static class FindingJson
{
    public static IEnumerable<object> Of(IEnumerable<Finding> findings) => FindingLines.Ordered(findings).Select(f => new
    {
        f.Rule,
        Severity = FindingLines.Word(f.Severity),
        f.Subject,
        f.Problem,
        f.Cost,
        f.Mend,
        f.Statement,
    });
}
