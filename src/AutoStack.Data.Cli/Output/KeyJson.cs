using AutoStack.Data.Cli.Keys;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>keys verify</c> and <c>keys rotate</c> as JSON. No member has a key or a value.</summary>
/// <remarks>
/// <code>
/// keys verify  {"given":["new","old"],"stored":[{"column":"projects.env_vars","form":"encrypted","keyId":"old","values":12},…],
///              "unreadable":[{"column":"projects.env_vars","keyId":"old","reason":"changed","values":1,"rows":["…"]},…],"findings":[…]}
///              and "notVisible":["deployments.env_vars"], the columns that the role may not read
///              form is encrypted, firstForm, withoutVersion, clear, hashed or unknown; keyId is null for values in clear and hashes;
///              reason is keyMissing, changed, withoutVersion, notAccepted or unknownForm; rows has the first 100 ids
/// keys rotate  the same after the rotation, and "dryRun":false,"seconds":1.2,"rotated":12,"columns":[{"column":"projects.env_vars",
///              "rotated":12,"skipped":0,"unreadable":0},…],"removable":["old"]
/// --dry-run    the same as keys verify without unreadable values, and "dryRun":true,"toRotate":12
/// </code>
/// </remarks>
internal static class KeyJson
{
    public static Dictionary<string, object?> Of(KeyReport report) => new()
    {
        ["given"] = report.Given,
        ["stored"] = report.Counts,
        ["unreadable"] = report.Unreadable,
        ["notVisible"] = report.NotVisible,
        ["findings"] = FindingJson.Of(report.Findings),
    };

    public static Dictionary<string, object?> Planned(KeyReport report)
    {
        var members = Of(report);
        members.Add("dryRun", true);
        members.Add("toRotate", report.Stale.Where(count => count.KeyId is null || report.Given.Contains(count.KeyId)).Sum(c => c.Values));
        return members;
    }

    public static Dictionary<string, object?> Of(KeyRotationReport report)
    {
        var members = Of(report.Left);
        members.Add("dryRun", false);
        members.Add("seconds", Math.Round(report.Elapsed.TotalSeconds, 3));
        members.Add("rotated", report.Rotated);
        members.Add("columns", report.Columns);
        members.Add("removable", report.Left.Given.Skip(1).Where(key => report.Left.Under(key) == 0));
        return members;
    }
}
