namespace AutoStack.Data.Migrations.Internal;

/// <summary>A line that another program runs and the migrator cannot: the script fails on it whatever the database has.</summary>
/// <param name="Line">The line of the script, from 1.</param>
/// <param name="Problem">The problem, as a sentence.</param>
/// <param name="Mend">What to write instead.</param>
internal sealed record Unrunnable(int Line, string Problem, string Mend)
{
    public const string TransactionMend = "Remove it: the migrator begins and commits the transaction, together with the journal row.";

    public const string CopyMend = "Write the rows as INSERT … VALUES, or load them from the application after the upgrade.";

    public const string SelectIntoMend =
        "Write CREATE TABLE name AS SELECT …; a variable needs PL/pgSQL: DO $$ DECLARE … BEGIN SELECT … INTO variable …; END $$.";

    public const string PsqlMend =
        "Remove the line: only psql understands it. What it did is plain SQL (\\set: write the value), or the header of the script.";

    private static readonly string[] TransactionWords =
        ["BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE TRANSACTION"];

    /// <summary>The lines of a script, in order; statements inside DO blocks and functions are not read.</summary>
    public static IEnumerable<Unrunnable> Of(MigrationStep step, CancellationToken cancellationToken)
    {
        var text = ScriptText.Of(step.Sql, cancellationToken);
        return text.PsqlCommands.Select(command => new Unrunnable(command.Line, OfPsql(command.Text), PsqlMend))
            .Concat(text.Statements.Select((sql, place) => Of(sql, step.Transactional && place == text.Statements.Count - 1))
                .OfType<Unrunnable>())
            .OrderBy(found => found.Line);
    }

    /// <summary>The statement of a transaction with which the text begins; null when it begins with another one.</summary>
    public static string? TransactionWord(SqlStatement sql) => TransactionWords.FirstOrDefault(sql.Read().Starts);

    /// <summary>True for COPY from or to the client, which the migrator is and which sends and reads no rows.</summary>
    public static bool ExchangesRows(SqlStatement sql)
    {
        var cursor = sql.Read();
        return cursor.Take("COPY") && (cursor.Has("FROM STDIN") || cursor.Has("TO STDOUT"));
    }

    /// <summary>True for SELECT INTO. Every INTO of another command follows INSERT or MERGE.</summary>
    public static bool CreatesTable(SqlStatement sql)
    {
        var cursor = sql.Read();
        return (cursor.Starts("SELECT") || cursor.Starts("WITH")) && cursor.Has("INTO")
            && !cursor.Has("INSERT INTO") && !cursor.Has("MERGE INTO");
    }

    public static string OfTransaction(string word) => $"{word} is not allowed in a script: the migrator controls transactions.";

    public static string OfCopy => "COPY exchanges rows with its client, and the migrator neither sends nor reads any.";

    public static string OfSelectInto => "SELECT INTO fails: the migrator runs the script by EXECUTE, which refuses it.";

    public static string OfPsql(string command) => $"The server does not know {command.Split(' ', '\t')[0]}: it is a command of psql.";

    // EXECUTE looks at SELECT INTO only where it is the last statement of its text.
    private static Unrunnable? Of(SqlStatement sql, bool endsExecuted) =>
        TransactionWord(sql) is { } word ? new Unrunnable(sql.Line, OfTransaction(word), TransactionMend)
        : ExchangesRows(sql) ? new Unrunnable(sql.Line, OfCopy, CopyMend)
        : endsExecuted && CreatesTable(sql) ? new Unrunnable(sql.Line, OfSelectInto, SelectIntoMend)
        : null;
}
