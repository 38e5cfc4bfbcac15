using System.Data;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using DbUp.Builder;
using DbUp.Engine;
using DbUp.Engine.Output;
using DbUp.Engine.Transactions;
using DbUp.Postgresql;
using DbUp.ScriptProviders;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Hands one script to DbUp on the migrator's connection and transaction. DbUp gets one whole script and the migrator's journal, so that
/// the row in <c>schema_versions</c> is written in the transaction of the script.
/// </summary>
internal sealed partial class DbUpStep(
    NpgsqlConnection connection, NpgsqlTransaction? transaction, MigrationScript script, MigrationStep step, bool up,
    string? reason)
    : IConnectionManager, IJournal, IDisposable
{
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private volatile NpgsqlCommand? last;

    TransactionMode IConnectionManager.TransactionMode { get; set; } = TransactionMode.NoTransaction;

    bool IConnectionManager.IsScriptOutputLogged { get; set; }

    int? IConnectionManager.ExecutionTimeoutSeconds { get; set; }

    /// <summary>Runs the script and records it in the journal. DbUp blocks the calling thread.</summary>
    public void Run()
    {
        var configuration = new UpgradeConfiguration { ConnectionManager = this, Journal = this, VariablesEnabled = false };
        configuration.ScriptExecutor = new PostgresqlScriptExecutor(
            () => this, () => new NoOpUpgradeLog(), schema: null, () => false, [], () => this);
        configuration.ScriptProviders.Add(new StaticScriptProvider([new SqlScript(step.FileName, step.Sql)]));

        var result = new UpgradeEngine(configuration).PerformUpgrade();
        if (!result.Successful)
        {
            throw result.Error;
        }
    }

    /// <summary>
    /// Cancels the statements on a connection of their own, repeatedly until they end: a cancellation that arrives before a statement has
    /// no effect.
    /// </summary>
    /// <param name="running">The task that runs the script.</param>
    public async Task CancelAsync(Task running)
    {
        do
        {
            try
            {
                await Task.Run(() => last?.Cancel()).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is NpgsqlException or SocketException or InvalidOperationException)
            {
                // The server does not answer: the script's own session ends, too.
            }
        }
        while (await Task.WhenAny(running, Task.Delay(AdvisoryLock.PollInterval)).ConfigureAwait(false) != running);
    }

    IDisposable IConnectionManager.OperationStarting(IUpgradeLog upgradeLog, List<SqlScript> executedScripts) => this;

    void IConnectionManager.ExecuteCommandsWithManagedConnection(Action<Func<IDbCommand>> action) => action(CreateCommand);

    T IConnectionManager.ExecuteCommandsWithManagedConnection<T>(Func<Func<IDbCommand>, T> actionWithResult) =>
        actionWithResult(CreateCommand);

    // Neither DbUp's splitter nor Npgsql's parses BEGIN ATOMIC. A transactional script is sent as one string that the server splits itself.
    // A script without a transaction is one statement, which the splitters leave whole unless it creates a function; a function may be
    // EXECUTEd, too.
    IEnumerable<string> IConnectionManager.SplitScriptIntoCommands(string scriptContents)
    {
        if (!step.Transactional && !CreateFunction().IsMatch(scriptContents))
        {
            return [scriptContents];
        }

        var inner = UniqueTag(scriptContents, "script");
        var outer = UniqueTag(scriptContents, "run");
        return [$"DO {outer} BEGIN EXECUTE {inner}{scriptContents}\n{inner}; END {outer}"];
    }

    bool IConnectionManager.TryConnect(IUpgradeLog upgradeLog, out string errorMessage)
    {
        errorMessage = "";
        return true;
    }

    string[] IJournal.GetExecutedScripts() => [];

    void IJournal.EnsureTableExistsAndIsLatestVersion(Func<IDbCommand> dbCommandFactory)
    {
    }

    void IJournal.StoreExecutedScript(SqlScript executed, Func<IDbCommand> dbCommandFactory)
    {
        if (!script.IsJournaled)
        {
            return;
        }

        // A script may end as another role, which has no right on the journal.
        using var own = dbCommandFactory();
        own.CommandText = SessionState.OwnRole;
        own.ExecuteNonQuery();
        using var command = JournalRows.Record((NpgsqlCommand)dbCommandFactory(), script, up, watch.Elapsed, reason);
        if (command.ExecuteNonQuery() < 1)
        {
            throw new MigrationException(MigrationError.Locked, OtherMigrator.Reverted(step));
        }
    }

    void IDisposable.Dispose()
    {
    }

    // No client timeout: the server's statement_timeout limits a script.
    private NpgsqlCommand CreateCommand() =>
        last = new NpgsqlCommand { Connection = connection, Transaction = transaction, CommandTimeout = 0 };

    private static string UniqueTag(string text, string word)
    {
        var tag = $"$autostack_{word}$";
        for (var n = 1; text.Contains(tag, StringComparison.Ordinal); n++)
        {
            tag = $"$autostack_{word}_{n}$";
        }

        return tag;
    }

    [GeneratedRegex(@"^(\s|--[^\n]*\n|/\*.*?\*/)*CREATE\s+(OR\s+REPLACE\s+)?(FUNCTION|PROCEDURE)\b",
        RegexOptions.Singleline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex CreateFunction();
}
