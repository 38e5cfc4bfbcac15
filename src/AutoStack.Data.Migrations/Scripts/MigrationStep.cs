using System.Text.RegularExpressions;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>One script file: its text and the settings of its header.</summary>
public sealed partial class MigrationStep
{
    /// <summary>The lock timeout of a script in a transaction whose header does not set one.</summary>
    public const string DefaultLockTimeout = "5s";

    private const string Mark = "-- autostack:";

    /// <summary>True for a line that sets something for the migrator.</summary>
    internal static bool IsHeader(string line) => line.StartsWith(Mark, StringComparison.Ordinal);

    internal MigrationStep(string fileName, string sql)
    {
        FileName = fileName;
        Sql = sql;
        var tokens = SqlText.Tokens(sql);
        Statements = SqlText.Statements(tokens);
        var allowances = new List<Allowance>();
        var requirements = new List<Requirement>();
        var variables = new List<string>();
        string? lockTimeout = null;
        foreach (var header in tokens.Where(t => t.Kind == SqlTokenKind.Comment && t.Text.StartsWith(Mark, StringComparison.Ordinal)))
        {
            var settings = header.Text[Mark.Length..].Trim();
            if (AllowanceForm().Match(settings) is { Success: true } allowance)
            {
                allowances.Add(new Allowance(allowance.Groups["rule"].Value, allowance.Groups["reason"].Value, header.Line));
                continue;
            }

            foreach (var setting in settings.Split(' ', StringSplitOptions.RemoveEmptyEntries))
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
                    case ["variable", var name] when VariableName().IsMatch(name):
                        variables.Add(name);
                        break;
                    default:
                        requirements.Add(Requirement.Of(setting) ?? throw new FormatException(
                            $"{fileName}: the header setting '{setting}' is unknown. Known are no-transaction, lock_timeout=5s, " +
                            "statement_timeout=10min, requires=core:23, requires-extension=pg_trgm, " +
                            "requires-setting=wal_level:logical, excludes=letters, variable=period, " +
                            "and on a line of its own allow=rule (reason)."));
                        break;
                }
            }
        }

        LockTimeout = lockTimeout ?? (Transactional ? DefaultLockTimeout : "0");
        Allowances = allowances;
        Requirements = requirements;
        Variables = variables;
        ConcurrentIndex = Transactional ? null
            : Statements.Select(CreateIndex.Of).FirstOrDefault(index => index is { Concurrently: true, Name: not null }) is { } built
                ? $"{Quoted(Names.SchemaOf(built.Table))}.{Quoted(built.Name!)}" : null;

        static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>
    /// The name of the file, for example <c>0001_initial_schema.sql</c>; after the name of its set when that is not the core:
    /// <c>billing/0001_create_invoices.sql</c>.
    /// </summary>
    public string FileName { get; }

    /// <summary>The text of the script, with LF line ends.</summary>
    public string Sql { get; }

    /// <summary>
    /// False when the header has <c>no-transaction</c>: the script is one statement that PostgreSQL refuses inside a transaction.
    /// </summary>
    public bool Transactional { get; } = true;

    /// <summary>
    /// The <c>lock_timeout</c> of the script; <c>0</c> is no limit. The default is <see cref="DefaultLockTimeout"/>, and <c>0</c> without a
    /// transaction: such a script waits for other transactions to end without blocking any.
    /// </summary>
    public string LockTimeout { get; }

    /// <summary>The <c>statement_timeout</c> of the script; <c>0</c>, the default, is no limit.</summary>
    public string StatementTimeout { get; } = "0";

    /// <summary>The statements of the script, in order.</summary>
    internal IReadOnlyList<SqlStatement> Statements { get; }

    /// <summary>The lint rules that the script may break.</summary>
    internal IReadOnlyList<Allowance> Allowances { get; }

    /// <summary>What must be there before the script runs.</summary>
    internal IReadOnlyList<Requirement> Requirements { get; }

    /// <summary>The variables that the script reads, as the settings <c>autostack.NAME</c> of its session.</summary>
    internal IReadOnlyList<string> Variables { get; }

    /// <summary>
    /// The index that the script builds concurrently, quoted, in the schema of its table; null when the script builds none concurrently.
    /// </summary>
    internal string? ConcurrentIndex { get; }

    [GeneratedRegex(@"^allow=(?<rule>[a-z-]+) +\((?<reason>.*\S.*)\)$", RegexOptions.CultureInvariant)]
    private static partial Regex AllowanceForm();

    [GeneratedRegex(@"^[0-9]+(ms|s|min|h)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Duration();

    [GeneratedRegex(@"^[a-z][a-z0-9_]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex VariableName();

    /// <summary>A rule of the lint that a script may break.</summary>
    internal sealed record Allowance(string Rule, string Reason, int Line);
}
