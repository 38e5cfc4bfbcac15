using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AutoStack.Data.Analyzers;

/// <summary>
/// ASD0003: a program throws for every outcome of a step but <c>Applied</c>. A step that is repeated, because its answer was lost, answers
/// <c>AlreadyThere</c>: it has succeeded.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class AlreadyThereAnalyzer : LibraryAnalyzer
{
    /// <summary>The id of the rule.</summary>
    public const string Id = "ASD0003";

    private static readonly DiagnosticDescriptor Rule = new(
        Id,
        "AlreadyThere is treated as a failure",
        "AlreadyThere is treated as a failure: it is the success of a call that was repeated. Decide by MayContinue().",
        "Reliability",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        "The library repeats a step whose answer was lost, and a worker may do so later: the second call finds the state that the first "
            + "has made. MayContinue() is true for Applied and for AlreadyThere.");

    /// <summary>Creates the rule.</summary>
    public AlreadyThereAnalyzer()
        : base(Rule)
    {
    }

    private protected override void Register(CompilationStartAnalysisContext start, Library library) => start.RegisterOperationAction(
        operation => Analyze(operation, library), OperationKind.Conditional, OperationKind.Switch, OperationKind.SwitchExpression);

    private static void Analyze(OperationAnalysisContext context, Library library)
    {
        var place = context.Operation switch
        {
            IConditionalOperation conditional when AppliedTest.Of(conditional.Condition, library) is { } test
                && Throws(test.IsApplied ? OtherCase(conditional) : conditional.WhenTrue) => conditional.Condition,
            ISwitchOperation statement when IsTransition(statement.Value.Type, library) && Fails(statement, library) => statement.Value,
            ISwitchExpressionOperation expression when IsTransition(expression.Value.Type, library) && Fails(expression, library) =>
                expression.Value,
            _ => null,
        };
        if (place is not null && !IsHandled(context.Operation, library))
        {
            context.ReportDiagnostic(Diagnostic.Create(Rule, place.Syntax.GetLocation()));
        }
    }

    private static bool IsTransition(ITypeSymbol? type, Library library) => SymbolEqualityComparer.Default.Equals(type, library.Transition);

    private static bool Fails(ISwitchExpressionOperation expression, Library library) =>
        expression.Arms.All(arm => arm.Guard is null && (arm.Pattern is IDiscardPatternOperation || IsOfConstants(arm.Pattern)))
        && expression.Arms.Any(arm => arm.Pattern is IDiscardPatternOperation && Throws(arm.Value))
        && expression.Arms.Any(arm => Names(arm.Pattern, library) && !Throws(arm.Value));

    private static bool Fails(ISwitchOperation statement, Library library) =>
        statement.Cases.SelectMany(part => part.Clauses).All(IsOfConstants)
        && statement.Cases.Any(part => part.Clauses.Any(clause => clause is IDefaultCaseClauseOperation) && Throws(part.Body))
        && statement.Cases.Any(part => part.Clauses.Any(clause => Names(clause, library)) && !Throws(part.Body));

    private static bool Names(IOperation pattern, Library library) =>
        pattern.DescendantsAndSelf().Any(part => AppliedTest.Is(part, "Applied", library));

    private static bool IsOfConstants(ICaseClauseOperation clause) => clause switch
    {
        ISingleValueCaseClauseOperation or IDefaultCaseClauseOperation => true,
        IPatternCaseClauseOperation pattern => pattern.Guard is null && IsOfConstants(pattern.Pattern),
        _ => false,
    };

    private static bool IsOfConstants(IPatternOperation pattern) => pattern switch
    {
        IConstantPatternOperation => true,
        IBinaryPatternOperation { OperatorKind: BinaryOperatorKind.Or } both =>
            IsOfConstants(both.LeftPattern) && IsOfConstants(both.RightPattern),
        _ => false,
    };

    // Without an else, the statement after a case that leaves the block is for the other case.
    private static IOperation? OtherCase(IConditionalOperation conditional) =>
        conditional is { WhenFalse: null, WhenTrue: var applied, Parent: IBlockOperation block } && Leaves(applied)
            ? block.Operations.SkipWhile(statement => statement != conditional).ElementAtOrDefault(1)
            : conditional.WhenFalse;

    private static bool Leaves(IOperation? operation) => operation switch
    {
        IReturnOperation { Kind: OperationKind.Return } => true,
        IBranchOperation { BranchKind: BranchKind.Continue or BranchKind.Break } => true,
        IBlockOperation block => Leaves(block.Operations.LastOrDefault()),
        _ => false,
    };

    private static bool Throws(IEnumerable<IOperation> statements) => Throws(statements.LastOrDefault());

    private static bool Throws(IOperation? operation) => operation switch
    {
        IThrowOperation => true,
        IBlockOperation block => Throws(block.Operations),
        IExpressionStatementOperation statement => Throws(statement.Operation),
        IConversionOperation { IsImplicit: true } conversion => Throws(conversion.Operand),
        _ => false,
    };

    // Another statement of the same body may have dealt with it before.
    private static bool IsHandled(IOperation operation, Library library) =>
        Body.Of(operation).Descendants().Any(part => AppliedTest.Is(part, "AlreadyThere", library)
            || part is IInvocationOperation { TargetMethod.Name: "MayContinue" });
}
