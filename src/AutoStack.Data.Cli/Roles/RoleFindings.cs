using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Roles;

/// <summary>
/// What a check of the roles reports: a right that a role has and should not have is an error, because it opens something; one that is
/// missing is a warning, because a program stops.
/// </summary>
internal static class RoleFindings
{
    // Attributes that a role of the script must not have.
    private static readonly string[] Closing =
        ["NOSUPERUSER", "NOCREATEDB", "NOCREATEROLE", "NOREPLICATION", "NOBYPASSRLS", "NOLOGIN"];

    public static IReadOnlyList<Finding> Of(RoleReport report)
    {
        var mend = $"Run autostack-db roles apply{(report.Prefix == "autostack" ? "" : $" --prefix {report.Prefix}")}" +
            $"{(report.Shared ? " --shared" : "")}.";
        var missing = report.Changes.Where(c => c.Action == RoleAction.Create).Select(c => c.Role).ToHashSet();
        return
        [
            .. report.Refused is { } refused
                ? [new Finding("right-of-another-grantor", Severity.Error, report.Database, refused)
                {
                    Cost = "The script of the roles cannot run, and other differences are unknown, until that right is revoked.",
                }]
                : Array.Empty<Finding>(),
            .. report.Changes
                .Where(c => c.Action is not (RoleAction.Grant or RoleAction.Set) || !missing.Contains(c.Role))
                .Select(c => Of(c) with { Mend = mend, Statement = RoleLine.Statement(c, report.Database) }),
        ];
    }

    private static Finding Of(RoleChange change)
    {
        var (role, objects) = (Visible.Text(change.Role), RoleLine.Objects(change));
        var rights = RoleLine.Rights(change);
        return change.Action switch
        {
            RoleAction.Create => new Finding("missing-role", Severity.Warning, role, $"The role {role} does not exist."),
            RoleAction.Alter when change.Rights.Any(Closing.Contains) => new Finding(
                "role-attribute", Severity.Error, role,
                $"The role {role} has {string.Join(", ", change.Rights.Where(Closing.Contains).Select(right => right[2..]))}.")
            {
                Cost = HoldersOf(change.Role),
            },
            RoleAction.Alter => new Finding("role-attribute", Severity.Warning, role, $"The role {role} lacks {rights}."),
            RoleAction.Own => new Finding(
                "wrong-owner", Severity.Error, role,
                $"{char.ToUpperInvariant(objects[0])}{objects[1..]} belong{(change.Objects.Count == 1 ? "s" : "")} to {role} " +
                    $"instead of {rights}.")
            {
                Cost = $"{role} has every right on {(change.Objects.Count == 1 ? "it" : "them")}, and the migrator cannot change " +
                    $"{(change.Objects.Count == 1 ? "it" : "them")}.",
            },
            RoleAction.Set => new Finding(
                "role-setting", Severity.Warning, role, $"The role {role} lacks the setting {objects} = {rights} in this database."),
            RoleAction.Reset => new Finding(
                "role-setting", Severity.Warning, role, $"The role {role} has the setting {objects} in this database, which is not meant."),
            RoleAction.Grant => new Finding("missing-right", Severity.Warning, role, change.Kind == "member"
                ? $"{role} is not a member of {objects}." : $"{role} lacks {rights} on {objects}."),
            _ => new Finding("extra-right", Severity.Error, role, change.Kind == "member"
                ? $"{role} is a member of {objects}." : $"{role} has {rights} on {objects}.")
            {
                Cost = HoldersOf(change.Role),
            },
        };
    }

    private static string HoldersOf(string role) => role == "PUBLIC" ? "Every role of the server has it."
        : role.EndsWith("_app", StringComparison.Ordinal) ? "An attacker who controls a service has it, too."
        : role.EndsWith("_readonly", StringComparison.Ordinal) ? "Everybody who may read reports has it."
        : "Everyone who connects as this role has it.";
}
