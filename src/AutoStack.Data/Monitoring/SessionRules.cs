using System.Globalization;

namespace AutoStack.Data.Monitoring;

/// <summary>Settings with which the services' sessions begin: of the server, the database and their roles.</summary>
internal static class SessionRules
{
    // A statement of the library that is cut off below it, is cut off at work.
    private const double ShortestStatement = 5_000;

    public static IReadOnlyList<DoctorRule> All { get; } =
    [
        new("idle-in-transaction-timeout", facts => Roles(facts).SelectMany(role =>
            facts.Milliseconds("idle_in_transaction_session_timeout", role) is 0
                ? [new Finding("idle-in-transaction-timeout", Severity.Warning, $"role {role}",
                    $"idle_in_transaction_session_timeout is 0 for sessions of the role {role}.")
                {
                    Cost = "A transaction that its service forgot holds its locks, and keeps vacuum from all tables, until it is ended.",
                    Mend = "Set a limit; autostack-db roles apply sets it for the roles that it makes.",
                    Statement = Alter(facts, role, "idle_in_transaction_session_timeout", "10min"),
                }
                ] : Array.Empty<Finding>())),
        new("statement-timeout", StatementTimeout),
        new("idle-session-timeout", facts => Roles(facts).SelectMany(role =>
            facts.Milliseconds("idle_session_timeout", role) is > 0
                ? [new Finding("idle-session-timeout", Severity.Warning, $"role {role}",
                    $"idle_session_timeout ends idle sessions of the role {role}.")
                {
                    Cost = "Idle connections of the pools are closed repeatedly, including the connection that listens for the queue.",
                    Mend = "Remove the limit of this role.",
                    Statement = Alter(facts, role, "idle_session_timeout", "0"),
                }
                ] : Array.Empty<Finding>())),
        new("session-replication-role", facts => Roles(facts).SelectMany(role =>
            facts.Effective("session_replication_role", role) is { Value: not ("origin" or "") and var value } found
                ? [new Finding("session-replication-role", Severity.Error, $"role {role}",
                    $"Sessions of the role {role} begin with session_replication_role {value}.")
                {
                    Cost = "Triggers and foreign keys do not fire: rows without parents, lines without numbers.",
                    Mend = "Reset the setting.",
                    Statement = $"{found.Place?.Alter ?? "ALTER SYSTEM"} RESET session_replication_role",
                }
                ] : Array.Empty<Finding>())),
        new("time-zone", facts => facts.Placed
            .Where(setting => setting.Name.Equals("timezone", StringComparison.OrdinalIgnoreCase)
                && setting.Value.ToUpperInvariant() is not ("UTC" or "ETC/UTC" or "GMT" or "UCT" or "ZULU" or "0"))
            .Select(setting => new Finding("time-zone", Severity.Warning, setting.Role is null ? "database" : $"role {setting.Role}",
                $"Sessions begin in the time zone {setting.Value} ({setting.Alter}).")
            {
                Cost = "The library sets UTC for itself; another program that relies on DEFAULT now() stores local time in columns of UTC.",
                Mend = "Reset the setting, or set UTC.",
                Statement = $"{setting.Alter} SET timezone = 'UTC'",
            })),
    ];

    private static IEnumerable<string> Roles(DoctorFacts facts) => facts.ServiceRoles.DefaultIfEmpty(facts.Stats.Server.Role);

    private static IEnumerable<Finding> StatementTimeout(DoctorFacts facts)
    {
        foreach (var role in Roles(facts))
        {
            if (facts.Milliseconds("statement_timeout", role) is > 0 and < ShortestStatement and var limit)
            {
                yield return new Finding("statement-timeout", Severity.Warning, $"role {role}", string.Create(
                    CultureInfo.InvariantCulture, $"statement_timeout is {limit:0} ms for sessions of the role {role}."))
                {
                    Cost = "Statements that wait for a lock, remove old rows or store a batch of lines are cancelled before they end.",
                    Mend = "Set half a minute or more.",
                    Statement = Alter(facts, role, "statement_timeout", "30s"),
                };
            }
            else if (facts.Milliseconds("statement_timeout", role) is 0)
            {
                yield return new Finding("statement-timeout", Severity.Information, $"role {role}",
                    $"statement_timeout is 0 for sessions of the role {role}.")
                {
                    Cost = "A statement whose client has disconnected may run for hours; the library ends its own statements.",
                    Mend = "Set a limit above the longest statement of the services.",
                    Statement = Alter(facts, role, "statement_timeout", "5min"),
                };
            }
        }
    }

    // A setting of the role in the database wins over every other.
    private static string Alter(DoctorFacts facts, string role, string setting, string value) =>
        $"ALTER ROLE {DoctorRules.Quoted(role)} IN DATABASE {facts.Rights.QuotedDatabase} SET {setting} = '{value}'";
}
