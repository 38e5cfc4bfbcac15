namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Finds tables and functions whose owner is not that of the others: an owner may change them, is exempt from row level security, and a
/// function may run with the rights of its owner.
/// </summary>
internal static class OwnerComparison
{
    public static IEnumerable<SchemaDifference> Run(Catalog expected, Catalog found)
    {
        List<CatalogObject> owned = [.. found.Objects.Where(o => o.Owner is not null && expected.Find(o) is not null)];
        if (owned.Count == 0)
        {
            yield break;
        }

        var owner = owned.GroupBy(o => o.Owner!)
            .OrderByDescending(group => group.Count()).ThenByDescending(group => group.Any(o => o.Name == Catalog.Journal))
            .ThenBy(group => group.Key, StringComparer.Ordinal).First().Key;
        foreach (var o in owned.Where(o => o.Owner != owner))
        {
            var role = $"\"{owner.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
            var isTable = o.Kind == SchemaObjectKind.Table;
            var repair = isTable
                ? Repair.On(o.Name, TableLockMode.AccessExclusive, $"ALTER TABLE public.{o.Sql} OWNER TO {role}")
                : Repair.Free($"ALTER ROUTINE {o.Sql} OWNER TO {role}");
            yield return new SchemaDifference(
                SchemaObjectKind.Owner, o.Path, owner, o.Owner,
                Visible.Text($"{o.Kind} {o.Path} belongs to role {o.Owner}, and most others to {owner}."),
                [repair with
                {
                    Sql = SqlCopy.Of(repair.Sql),

                    // The new owner would be exempt from the policies.
                    LosesSecurity = o.Definition.Contains("row level security", StringComparison.Ordinal)
                        && !o.Definition.Contains("forced", StringComparison.Ordinal),
                }]);
        }
    }
}
