namespace AutoStack.Data.Monitoring;

/// <summary>Rights and owners.</summary>
internal static class RightRules
{
    public static IReadOnlyList<DoctorRule> All { get; } =
    [
        new("public-creates", facts => facts.Rights.PublicCreates
            ? [new("public-creates", Severity.Warning, "schema public", "Every role may create objects in the schema public.")
            {
                Cost = "Any role can create a function that another role's statement then calls with the other role's rights.",
                Mend = "Revoke the right.",
                Statement = "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            }
            ] : []),
        new("public-connects", Connects),
        new("owner-logs-in", facts => facts.Rights is { OwnerLogsIn: true, TableOwner: { } owner }
            ? [new("owner-logs-in", Severity.Warning, $"role {owner}", $"The owner of the tables, {owner}, may log in.")
            {
                Cost = "A service that logs in as the owner can drop every table, and so can everyone who gets its password.",
                Mend = "Let autostack-db roles apply make an owner without a login, and a role for the services.",
            }
            ] : []),
    ];

    private static IEnumerable<Finding> Connects(DoctorFacts facts)
    {
        var rights = facts.Rights;
        if (rights.PublicConnects || rights.PublicTemp)
        {
            var what = string.Join(", ", new[] { rights.PublicConnects ? "CONNECT" : null, rights.PublicTemp ? "TEMPORARY" : null }
                .OfType<string>());
            yield return new Finding(
                "public-connects", Severity.Warning, "database", $"Every role of the server has {what} on the database.")
            {
                Cost = "A role of another database on this server can read its catalog, hold connections, and fill the disk.",
                Mend = "Grant CONNECT to the services' roles, then revoke the rights.",
                Statement = $"REVOKE {what} ON DATABASE {rights.QuotedDatabase} FROM PUBLIC",
            };
        }
    }
}
