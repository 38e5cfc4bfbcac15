using AutoStack.Data.Cli.Roles;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>roles</c> as JSON.</summary>
/// <remarks>
/// <code>
/// roles apply  {"database":"autostack","prefix":"autostack","shared":false,"changed":true,"changes":[{"action":"grant","kind":"table",
///              "role":"autostack_app","rights":["DELETE","INSERT","SELECT","UPDATE"],"objects":["projects","users"]},…]}
///              action is create, alter, own, set, reset, grant or revoke; kind is role, owner, setting, member, database, schema, table,
///              column, sequence, function or default; the rights of a column are as "SELECT (id)", its object is the table. own: role is
///              the old owner, rights the new one. changed is false for --dry-run, and when there was nothing to do
/// roles check  {"database":"autostack","prefix":"autostack","shared":false,"findings":[…]}: see FindingJson
/// </code>
/// </remarks>
internal static class RolesJson
{
    public static object Of(RoleReport report, bool dryRun) => new
    {
        report.Database,
        report.Prefix,
        report.Shared,
        Changed = !dryRun && report.Changes.Count > 0,
        Changes = report.Changes.Select(c => new { c.Action, c.Kind, c.Role, c.Rights, c.Objects }),
    };

    public static object Of(RoleReport report, IReadOnlyList<Finding> findings) => new
    {
        report.Database,
        report.Prefix,
        report.Shared,
        Findings = FindingJson.Of(findings),
    };
}
