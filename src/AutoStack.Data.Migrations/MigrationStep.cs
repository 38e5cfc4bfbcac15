using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations;

/// <summary>One script file: its text, and what its header asks of the runner.</summary>
public sealed partial class MigrationStep
{
    internal MigrationStep(string fileName, string sql)
    {
        FileName = fileName;
        Sql = sql;
        string? lockTimeout = null;
        foreach (Match header in Header().Matches(sql))
        {
            foreach (var setting in header.Groups["settings"].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                switch (setting.Split('='))
                {
                    case ["no-transaction"]:
                        Transactional = false;
                        break;
                    case ["lock_timeout", var value] when Duration().IsMatch(value):
                        lockTimeout = value;
                        break;
                    case ["statement_timeout", var value] when Duration().IsMatch(value):
                        StatementTimeout = value;
                        break;
                    default:
                        throw new FormatException(
                            $"{fileName}: the header setting '{setting}' is unknown. Known are no-transaction, lock_timeout=5s, statement_timeout=10min.");
                }
            }
        }

        LockTimeout = lockTimeout ?? (Transactional ? "5s" : "0");
        ConcurrentIndex = Transactional ? null : CreateIndexConcurrently().Match(sql) is { Success: true } match ? match.Groups["name"].Value : null;
    }

    /// <summary>The name of the file, for example <c>0001_initial_schema.sql</c>.</summary>
    public string FileName { get; }

    /// <summary>The text of the script, line ends as LF.</summary>
    public string Sql { get; }

    /// <summary>False when the header says <c>no-transaction</c>: the script is one statement that PostgreSQL refuses inside a transaction.</summary>
    public bool Transactional { get; } = true;

    /// <summary>
    /// How long the script waits for a lock, as PostgreSQL writes it, <c>0</c> for ever. Unless the header says otherwise 5 s, and without a
    /// transaction <c>0</c>: such a script waits for other transactions to end, and blocks none while it does.
    /// </summary>
    public string LockTimeout { get; }

    /// <summary>How long a statement of the script may run, as PostgreSQL writes it; <c>0</c>, the default, is no limit.</summary>
    public string StatementTimeout { get; } = "0";

    /// <summary>The index that the script builds concurrently; null when it builds none.</summary>
    internal string? ConcurrentIndex { get; }

    [GeneratedRegex(@"^-- autostack:[ \t]*(?<settings>.*?)[ \t]*$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Header();

    [GeneratedRegex(@"^\d+(ms|s|min|h)?$", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();

    [GeneratedRegex(@"^CREATE\s+(UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(IF\s+NOT\s+EXISTS\s+)?(?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex CreateIndexConcurrently();
}
