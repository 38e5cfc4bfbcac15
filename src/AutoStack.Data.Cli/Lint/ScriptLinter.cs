using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>Lints one script, statement by statement, those of DO blocks included.</summary>
internal sealed class ScriptLinter(MigrationStep step, bool up, ScriptCatalog catalog)
{
    public IReadOnlyList<Finding> Run()
    {
        var text = ScriptText.Of(step.Sql);
        var scope = new ScriptScope(step, up, catalog, [.. text.Statements.SelectMany(WithNested)]);
        Script(scope, text);
        Action<ScriptStatement>[] rules =
        [
            new IndexRules(scope).Check, new SessionRules(scope).Check, new RowRules(scope).Check, new ServerRules(scope).Check,
            new TableRules(scope).Check, new ObjectRules(scope).Check, new AccessRules(scope).Check, new EnumRules(scope).Check,
        ];
        foreach (var statement in scope.Statements)
        {
            foreach (var check in rules)
            {
                check(statement);
            }

            scope.Remember(statement.Sql);
        }

        return scope.Findings;
    }

    private static IEnumerable<ScriptStatement> WithNested(SqlStatement statement) =>
        PlpgSql.Of(statement).Select(inner => new ScriptStatement(inner, Nested: true))
            .Prepend(new ScriptStatement(statement, Nested: false));

    private void Script(ScriptScope scope, ScriptText text)
    {
        if (step.Transactional && step.LockTimeout.TakeWhile(char.IsAsciiDigit).All(digit => digit == '0'))
        {
            scope.Report(1, LintRule.LockTimeout,
                "The header sets no limit to the wait for a lock, and the application queues behind that wait.");
        }

        if (!step.Transactional && text.Statements.Count > 1)
        {
            scope.Report(text.Statements[1].Line, LintRule.ManyStatements,
                $"{text.Statements.Count} statements run without a transaction.");
        }

        foreach (var (line, command) in text.PsqlCommands)
        {
            scope.Report(line, LintRule.PsqlCommand, Unrunnable.OfPsql(command));
        }

        // Tokens of the whole script, since an unterminated comment is part of no statement.
        foreach (var token in text.Tokens.Where(t => t.Kind == SqlTokenKind.Unterminated))
        {
            scope.Report(token.Line, LintRule.Unterminated, "A string, name or comment begins here and does not end.");
        }
    }
}
