using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>A danger of a script. Scripts allow a rule by its id, so that an id never changes.</summary>
/// <param name="Id">For example <c>blocking-index</c>.</param>
/// <param name="Safer">What to write instead.</param>
internal sealed record LintRule(string Id, string Safer)
{
    private const string Alone = "alone in a script with the header -- autostack: no-transaction";

    public static readonly LintRule BlockingIndex = new("blocking-index", $"Use CONCURRENTLY, {Alone}.");

    public static readonly LintRule ConcurrentlyInTransaction = new("concurrently-in-transaction", $"Put the statement {Alone}.");

    public static readonly LintRule ManyStatements = new("many-statements",
        "Put each statement in a script of its own: a run that is interrupted between two statements cannot be resumed.");

    public static readonly LintRule NotRepeatable = new("not-repeatable",
        "Use IF NOT EXISTS to create and IF EXISTS to drop: an interrupted script is run again.");

    public static readonly LintRule VolatileDefault = new("volatile-default",
        "Add the column without a default, set the default by ALTER COLUMN, then fill the rows in batches.");

    public static readonly LintRule NotNullColumn = new("not-null-column",
        "Give the column a constant default, or add it nullable, fill it, and then require it by a check.");

    public static readonly LintRule SetNotNull = new("set-not-null",
        "Add CHECK (… IS NOT NULL) NOT VALID; in the next script VALIDATE it, SET NOT NULL, and drop the check.");

    public static readonly LintRule ConstraintNotValid = new("constraint-not-valid",
        "Add the constraint NOT VALID, and VALIDATE it in the next script.");

    public static readonly LintRule UniqueWithoutIndex = new("unique-without-index",
        "CREATE UNIQUE INDEX CONCURRENTLY in an earlier script, then ADD CONSTRAINT … USING INDEX.");

    public static readonly LintRule ValidateWithAdd = new("validate-with-add",
        "VALIDATE the constraint in the next script: this script holds the lock of the addition until it is committed.");

    public static readonly LintRule Rename = new("rename",
        "Add the new name beside the old one, move the readers and writers, then drop the old one.");

    public static readonly LintRule TypeChange = new("type-change",
        "Add a column of the new type, write both columns, fill the new one in batches, then read the new one.");

    public static readonly LintRule DropColumn = new("drop-column",
        "Release code that does not name the column first, and allow the drop with that reason.");

    public static readonly LintRule DropTable = new("drop-table",
        "Release code that does not name the table first, and allow the drop with that reason.");

    public static readonly LintRule LockTimeout = new("lock-timeout",
        "Keep the migrator's 5 s, or set a limit in the header: -- autostack: lock_timeout=30s.");

    public static readonly LintRule TransactionControl = new("transaction-control", Unrunnable.TransactionMend);

    public static readonly LintRule SessionSetting = new("session-setting",
        "Use SET LOCAL, which ends with the transaction; put timeouts in the header.");

    public static readonly LintRule AdvisoryUnlockAll = new("advisory-unlock-all",
        "Take a lock that ends with the transaction (pg_advisory_xact_lock), or release each by its key (pg_advisory_unlock).");

    public static readonly LintRule CascadeWithoutIndex = new("cascade-without-index",
        $"CREATE INDEX CONCURRENTLY on the column, {Alone}.");

    public static readonly LintRule WholeTableWrite = new("whole-table-write",
        "Write in batches, each committed on its own, in a script with the header no-transaction.");

    public static readonly LintRule LockTable = new("lock-table", "Remove it: each statement takes the weakest lock that it needs.");

    public static readonly LintRule Truncate = new("truncate", "Delete in batches, or create a new table.");

    public static readonly LintRule Rewrite = new("rewrite", "Run it in a maintenance window, or use plain VACUUM, which does not block.");

    public static readonly LintRule BlockingRefresh = new("blocking-refresh",
        "Use CONCURRENTLY; the view needs a unique index for it.");

    public static readonly LintRule Unnamed = new("unnamed",
        "Give an explicit name (CONSTRAINT table_column_key …): later scripts and errors rely on it.");

    public static readonly LintRule DropConstraint = new("drop-constraint",
        "Add what replaces it in the same script, or release code that does not rely on it first and allow the drop with that reason.");

    public static readonly LintRule DropObject = new("drop-object",
        "Release code that does not use it first, and allow the drop with that reason; to replace it, create it again in the same script.");

    public static readonly LintRule ExclusionConstraint = new("exclusion-constraint",
        "Create a new table with the constraint and copy the rows in batches, or add it in a maintenance window: no form is concurrent.");

    public static readonly LintRule AttachPartition = new("attach-partition",
        "Add CHECK (the bounds, and IS NOT NULL) NOT VALID, VALIDATE it in the next script, and then attach: no row is read.");

    public static readonly LintRule DetachPartition = new("detach-partition", $"Use DETACH PARTITION … CONCURRENTLY, {Alone}.");

    public static readonly LintRule PartitionedIndex = new("partitioned-index",
        "CREATE INDEX … ON ONLY the parent, then CONCURRENTLY on each partition in its own script, then ALTER INDEX … ATTACH PARTITION.");

    public static readonly LintRule CreateTrigger = new("create-trigger",
        "Put the trigger at the end of the script, or into a script of its own: writers wait until the script is committed.");

    public static readonly LintRule ProtectionOff = new("protection-off",
        "Leave it on: have the trigger or policy itself make the exception, for example by its WHEN condition.");

    public static readonly LintRule GrantPublic = new("grant-public", "Grant to the roles that need it by name.");

    public static readonly LintRule DefinerSearchPath = new("definer-search-path",
        "Add SET search_path = pg_catalog, pg_temp to the function, and name the schema of everything else in its body.");

    public static readonly LintRule DefinerPublic = new("definer-public",
        "REVOKE ALL ON FUNCTION … FROM PUBLIC in the same script, and GRANT it to those who call it. A trigger needs no right to fire.");

    public static readonly LintRule AlterSystem = new("alter-system",
        "Change the server's configuration where it is managed, or use ALTER ROLE … IN DATABASE … SET for this application alone.");

    public static readonly LintRule ServerProgram = new("server-program",
        "Load the data from the application, or by psql's \\copy in an operator's session.");

    public static readonly LintRule EnumValueUsed = new("enum-value-used", "Use the value in the next script.");

    public static readonly LintRule LongName = new("long-name", "Choose a name of at most 63 bytes.");

    public static readonly LintRule PsqlCommand = new("psql-command", Unrunnable.PsqlMend);

    public static readonly LintRule CopyData = new("copy-data", Unrunnable.CopyMend);

    public static readonly LintRule SelectInto = new("select-into", Unrunnable.SelectIntoMend);

    public static readonly LintRule FailsInTransaction = new("fails-in-transaction", $"Put the statement {Alone}.");

    public static readonly LintRule MissingDown = new("missing-down", "Write NNNN_verb_object.down.sql, which reverts this script.");

    public static readonly LintRule DownIncomplete = new("down-incomplete",
        "Drop it in the down script; otherwise an upgrade after a downgrade fails.");

    public static readonly LintRule Unterminated = new("unterminated", "End it: everything after it belongs to it.");

    public static readonly LintRule Header = new("header", "See scripts/sql/README.md for the settings.");

    public static readonly LintRule UnusedAllowance = new("unused-allowance", "Remove it: it would hide the next finding of that rule.");
}

/// <summary>A finding: its file and line (from 1), its rule, and what would happen.</summary>
internal sealed record Finding(string File, int Line, LintRule Rule, string Message);

/// <summary>The result of a lint; the folder is null for the scripts of the package.</summary>
internal sealed record LintReport(string? Folder, int Files, IReadOnlyList<Finding> Findings);
