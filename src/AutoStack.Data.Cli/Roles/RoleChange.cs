namespace AutoStack.Data.Cli.Roles;

/// <summary>A change of rights, for one role and all objects that it concerns in the same way.</summary>
/// <param name="Action">What is done.</param>
/// <param name="Kind">The kind of the objects, as in <see cref="RoleRight"/>.</param>
/// <param name="Role">The role that gets or loses it.</param>
/// <param name="Rights">The privileges, the attributes of a role, the new value of a setting, or the new owner.</param>
/// <param name="Objects">The objects, by name.</param>
internal sealed record RoleChange(RoleAction Action, string Kind, string Role, IReadOnlyList<string> Rights, IReadOnlyList<string> Objects)
{
    /// <summary>Precedes a right that its role keeps and may no longer pass on.</summary>
    public const string GrantOption = "GRANT OPTION FOR ";

    private const string WithGrantOption = " WITH GRANT OPTION";

    /// <summary>The changes that lead from what was read before the script to what was read after it.</summary>
    public static IReadOnlyList<RoleChange> Between(IReadOnlyCollection<RoleRight> before, IReadOnlyCollection<RoleRight> after)
    {
        var (added, removed) = (after.Except(before).ToList(), before.Except(after).ToList());
        foreach (var kept in added.Where(right => removed.Remove(right with { Right = right.Right + WithGrantOption })).ToList())
        {
            added.Remove(kept);
            removed.Add(kept with { Right = GrantOption + kept.Right });
        }

        return
        [
            .. OfRoles(added, removed),
            .. Owners(added, removed),
            .. Settings(added, removed),
            .. Grouped(removed, RoleAction.Revoke),
            .. Grouped(added, RoleAction.Grant),
        ];
    }

    private static IEnumerable<RoleChange> OfRoles(List<RoleRight> added, List<RoleRight> removed)
    {
        var created = added.Where(r => r is { Kind: "role", Right: "" }).Select(r => r.Role).ToHashSet();
        foreach (var role in added.Concat(removed).Where(r => r.Kind == "role").GroupBy(r => r.Role).OrderBy(g => g.Key))
        {
            var gained = added.Where(r => r.Kind == "role" && r.Role == role.Key && r.Right.Length > 0).Select(r => r.Right).ToList();
            var lost = removed.Where(r => r.Kind == "role" && r.Role == role.Key).Select(r => Opposite(r.Right))
                .Where(right => !(right.StartsWith("CONNECTION", StringComparison.Ordinal)
                    && gained.Exists(g => g.StartsWith("CONNECTION", StringComparison.Ordinal))));
            yield return new RoleChange(
                created.Contains(role.Key) ? RoleAction.Create : RoleAction.Alter, "role", role.Key,
                [.. lost.Concat(gained).Order(StringComparer.Ordinal)], [role.Key]);
        }
    }

    private static string Opposite(string attribute) =>
        attribute.StartsWith("CONNECTION", StringComparison.Ordinal) ? "CONNECTION LIMIT -1"
        : attribute.StartsWith("NO", StringComparison.Ordinal) ? attribute[2..] : "NO" + attribute;

    // One change for each pair of an old and a new owner.
    private static IEnumerable<RoleChange> Owners(List<RoleRight> added, List<RoleRight> removed) =>
        from owned in added.Where(r => r.Kind == "owner")
        let old = removed.Find(r => r.Kind == "owner" && r.Object == owned.Object)
        where old is not null
        orderby owned.Object
        group owned.Object by (Old: old.Role, New: owned.Role) into pair
        select new RoleChange(RoleAction.Own, "owner", pair.Key.Old, [pair.Key.New], [.. pair]);

    private static IEnumerable<RoleChange> Settings(List<RoleRight> added, List<RoleRight> removed) =>
    [
        .. added.Where(r => r.Kind == "setting").OrderBy(r => (r.Role, r.Object))
            .Select(r => new RoleChange(RoleAction.Set, "setting", r.Role, [r.Right], [r.Object])),
        .. removed.Where(r => r.Kind == "setting" && !added.Exists(a => a.Kind == "setting" && a.Role == r.Role && a.Object == r.Object))
            .OrderBy(r => (r.Role, r.Object)).Select(r => new RoleChange(RoleAction.Reset, "setting", r.Role, [], [r.Object])),
    ];

    // Objects with the same rights are one change.
    private static IEnumerable<RoleChange> Grouped(List<RoleRight> rights, RoleAction action) =>
        from right in rights.Where(r => r.Kind is not ("role" or "owner" or "setting"))
        group right.Right by (
            right.Kind, right.Role, right.Object, Option: right.Right.StartsWith(GrantOption, StringComparison.Ordinal)) into one
        let all = string.Join('\n', one.Order(StringComparer.Ordinal))
        orderby one.Key.Kind, one.Key.Role, one.Key.Object
        group one.Key.Object by (one.Key.Kind, one.Key.Role, Rights: all) into same
        select new RoleChange(action, same.Key.Kind, same.Key.Role, same.Key.Rights.Split('\n'), [.. same]);
}

/// <summary>What a change does.</summary>
internal enum RoleAction
{
    /// <summary>Creates a role.</summary>
    Create,

    /// <summary>Changes attributes of a role.</summary>
    Alter,

    /// <summary>Changes the owner of tables or functions.</summary>
    Own,

    /// <summary>Sets a setting of a role in the database.</summary>
    Set,

    /// <summary>Resets a setting of a role in the database.</summary>
    Reset,

    /// <summary>Grants rights, or membership in a role.</summary>
    Grant,

    /// <summary>Revokes rights, or membership in a role.</summary>
    Revoke,
}
