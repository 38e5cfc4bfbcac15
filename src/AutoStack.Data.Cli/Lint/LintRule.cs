namespace AutoStack.Data.Cli.Lint;

/// <summary>A danger of a script. People allow it by its id, so an id stays.</summary>
/// <param name="Id">For example <c>blocking-index</c>.</param>
/// <param name="Safer">What to write instead.</param>
internal sealed record LintRule(string Id, string Safer)
{
    private const string Alone = "alone in a script with the header -- autostack: no-transaction";

    public static readonly LintRule BlockingIndex = new("blocking-index", $"Say CONCURRENTLY, {Alone}.");
    public static readonly LintRule ConcurrentlyInTransaction = new("concurrently-in-transaction", $"Put the statement {Alone}.");
    public static readonly LintRule ManyStatements = new("many-statements", "Make each statement a script of its own: what was done could not be resumed.");
    public static readonly LintRule NotRepeatable = new("not-repeatable", "Say IF NOT EXISTS to create and IF EXISTS to drop: a run that was cut off is repeated.");
    public static readonly LintRule VolatileDefault = new("volatile-default",
        "Add the column without it, set the default by ALTER COLUMN, then fill the rows in batches.");
    public static readonly LintRule NotNullColumn = new("not-null-column", "Give a constant default, or add it nullable, fill it, and then require it by a check.");
    public static readonly LintRule SetNotNull = new("set-not-null",
        "Add CHECK (… IS NOT NULL) NOT VALID; in the next script VALIDATE it, SET NOT NULL, and drop the check.");
    public static readonly LintRule ConstraintNotValid = new("constraint-not-valid", "Add it NOT VALID, and VALIDATE it in the next script.");
    public static readonly LintRule UniqueWithoutIndex = new("unique-without-index",
        "CREATE UNIQUE INDEX CONCURRENTLY in a script before, then ADD CONSTRAINT … USING INDEX.");
    public static readonly LintRule ValidateWithAdd = new("validate-with-add", "VALIDATE it in the next script: here the lock of the addition is held meanwhile.");
    public static readonly LintRule Rename = new("rename", "Add the new name beside the old one, move the readers and writers, then drop the old one.");
    public static readonly LintRule TypeChange = new("type-change", "Add a column of the new type, write both, fill it in batches, then read that one.");
    public static readonly LintRule DropColumn = new("drop-column", "Release code that does not name the column first, and allow the drop with that reason.");
    public static readonly LintRule DropTable = new("drop-table", "Release code that does not name the table first, and allow the drop with that reason.");
    public static readonly LintRule LockTimeout = new("lock-timeout", "Leave the 5 s of the runner, or set a bound in the header: -- autostack: lock_timeout=30s.");
    public static readonly LintRule TransactionControl = new("transaction-control", "Leave it out: the runner begins and commits, together with the journal row.");
    public static readonly LintRule SessionSetting = new("session-setting", "SET LOCAL ends with the transaction; timeouts belong into the header.");
    public static readonly LintRule CascadeWithoutIndex = new("cascade-without-index", $"CREATE INDEX CONCURRENTLY on the column, {Alone}.");
    public static readonly LintRule WholeTableWrite = new("whole-table-write", "Write in batches, each committed on its own, in a script with the header no-transaction.");
    public static readonly LintRule LockTable = new("lock-table", "Leave it out: each statement takes the weakest lock that it needs.");
    public static readonly LintRule Truncate = new("truncate", "Delete in batches, or make a new table.");
    public static readonly LintRule Rewrite = new("rewrite", "Leave it to an hour without users; a plain VACUUM stops nobody.");
    public static readonly LintRule BlockingRefresh = new("blocking-refresh", "Say CONCURRENTLY; the view needs a unique index for it.");
    public static readonly LintRule Unnamed = new("unnamed", "Give an explicit name (CONSTRAINT table_column_key …): later scripts and errors rely on it.");
    public static readonly LintRule MissingDown = new("missing-down", "Write NNNN_verb_object.down.sql, which takes back what this script does.");
    public static readonly LintRule DownIncomplete = new("down-incomplete", "Drop it in the down script, or downgrade and upgrade will not go together.");
    public static readonly LintRule Unterminated = new("unterminated", "End it: everything behind is part of it.");
    public static readonly LintRule Header = new("header", "See scripts/sql/README.md for the settings.");
    public static readonly LintRule UnusedAllowance = new("unused-allowance", "Remove it: it would hide the next finding of that kind.");
}

/// <summary>A danger found: file and line (from 1), the rule, and what would happen.</summary>
internal sealed record Finding(string File, int Line, LintRule Rule, string Message);

/// <summary>What a lint has read and found; the folder is null for the scripts of the package.</summary>
internal sealed record LintReport(string? Folder, int Files, IReadOnlyList<Finding> Findings);
