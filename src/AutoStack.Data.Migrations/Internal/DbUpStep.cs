using System.Data;
using System.Diagnostics;
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
/// Hands one script to DbUp on a connection and transaction of ours. DbUp finds nothing to decide: it gets one script, whole, and our
/// journal, so that the row in <c>schema_versions</c> is written where the script ran.
/// </summary>
internal sealed partial class DbUpStep(
    NpgsqlConnection connection, NpgsqlTransaction? transaction, MigrationScript script, MigrationStep step, bool up)
    : IConnectionManager, IJournal, IDisposable
{
    private readonly Stopwatch watch = Stopwatch.StartNew();

    TransactionMode IConnectionManager.TransactionMode { get; set; } = TransactionMode.NoTransaction;

    bool IConnectionManager.IsScriptOutputLogged { get; set; }

    int? IConnectionManager.ExecutionTimeoutSeconds { get; set; }

    /// <summary>Runs the script and notes it. DbUp blocks its thread: call this on one that may be blocked.</summary>
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

    IDisposable IConnectionManager.OperationStarting(IUpgradeLog upgradeLog, List<SqlScript> executedScripts) => this;

    void IConnectionManager.ExecuteCommandsWithManagedConnection(Action<Func<IDbCommand>> action) => action(CreateCommand);

    T IConnectionManager.ExecuteCommandsWithManagedConnection<T>(Func<Func<IDbCommand>, T> actionWithResult) => actionWithResult(CreateCommand);

    // Neither DbUp's splitter nor Npgsql's survives BEGIN ATOMIC. A transactional script goes over as one string that the server takes apart itself;
    // any other is one statement already, which the splitters leave whole unless it makes a function, and that any transaction may do.
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
        if (script.Version == 0)
        {
            return;
        }

        using var command = VersionJournal.Note((NpgsqlCommand)dbCommandFactory(), script, up, watch.Elapsed);
        command.ExecuteNonQuery();
    }

    void IDisposable.Dispose()
    {
    }

    // No client timeout: how long a script may take is the server's statement_timeout to say.
    private NpgsqlCommand CreateCommand() => new() { Connection = connection, Transaction = transaction, CommandTimeout = 0 };

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
