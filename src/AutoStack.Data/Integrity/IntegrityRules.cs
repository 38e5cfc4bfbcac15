namespace AutoStack.Data.Integrity;

/// <summary>The one table of checks, in the order of a run: what the server knows first, then what reads tables.</summary>
internal static class IntegrityRules
{
    public static IReadOnlyList<IntegrityRule> All { get; } =
    [
        new("constraint-state", "Constraints are validated, triggers are enabled, indexes are valid.", ConstraintParts.States),
        new("checksum", "The server has met no page with a wrong checksum.", StorageParts.Checksums),
        new("collation", "The indexes were built with the collations that the operating system has now.", StorageParts.Collations),
        new("heap-structure", "The pages of tables are well formed (amcheck).", StorageParts.Heaps),
        new("index-structure", "The indexes are well formed and have an entry for each row (amcheck).", StorageParts.Indexes),
        new("text-encoding", "Every text is valid UTF-8.", StorageParts.Encoding, ColumnParts.Encoding),
        new("foreign-key", "Every row that another one refers to is there.", ConstraintParts.ForeignKeys),
        new("check-constraint", "Every row obeys its CHECK and NOT NULL constraints.",
            ConstraintParts.Checks, ConstraintParts.RequiredColumns),
        new("unique-key", "Every unique key is there once, and its index finds its row.", ConstraintParts.UniqueKeys),
        new("assigned-value", "Values that triggers assign are there: places in the queue, keys of repositories.",
            ConditionParts.Assigned),
        new("log-sequence", "The lines of a log are numbered without a gap from its first line on, each number once.",
            LogParts.Build, LogParts.Runtime),
        new("stage-state", "The stages of the library's builds agree with their deployment.",
            DeploymentParts.Stages, DeploymentParts.Steps),
        new("lease", "A deployment that the library builds has one lease; one that has ended has none.",
            DeploymentParts.Leases, DeploymentParts.Leased),
        new("container-port", "A port of a host has one container that is not stopped.", DeploymentParts.Ports),
        new("session-family", "A family of sessions has one user, and at most one session that is not rotated.", AccountParts.Families),
        new("reset-token", "A user has at most one password reset that can be used.", AccountParts.Resets),
        new("sign-in-attempt", "Counts of sign-ins are not negative.", AccountParts.Attempts),
        new("hash-form", "Tokens are stored as SHA-256, and passwords as bcrypt hashes.", ColumnParts.Hashes),
        new("secret", "Encrypted values open with the configured keys.", SecretPart.All),
        new("json", "The bodies of webhooks are readable JSON.", new JsonPart()),
        new("time-order", "Rows begin before they end.", ConditionParts.Times),
        new("audit-chain", "The entries of the audit log are those that were sealed, and the seals follow each other.",
            AuditPart.Chain, AuditPart.Entries),
        new("text-value", "Statuses and other texts of a set are known.", ColumnParts.Values),
    ];
}
