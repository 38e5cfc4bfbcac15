using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace AutoStack.Data.Analyzers;

/// <summary>A condition that compares an outcome with <c>TransitionOutcome.Applied</c>, and nothing else.</summary>
internal sealed class AppliedTest
{
    private AppliedTest(IOperation outcome, bool isApplied) => (Outcome, IsApplied) = (outcome, isApplied);

    /// <summary>The outcome.</summary>
    public IOperation Outcome { get; }

    /// <summary>Whether the condition is true for <c>Applied</c>, and not for all others.</summary>
    public bool IsApplied { get; }

    /// <summary>The comparison that a condition is; null for any other condition.</summary>
    public static AppliedTest? Of(IOperation? condition, Library library) => condition switch
    {
        IBinaryOperation { OperatorKind: BinaryOperatorKind.Equals or BinaryOperatorKind.NotEquals } comparison =>
            Of(comparison, library),
        IIsPatternOperation { Pattern: IConstantPatternOperation pattern } test when Is(pattern.Value, "Applied", library) =>
            new(test.Value, true),
        IIsPatternOperation { Pattern: INegatedPatternOperation { Pattern: IConstantPatternOperation pattern } } test
            when Is(pattern.Value, "Applied", library) => new(test.Value, false),
        IUnaryOperation { OperatorKind: UnaryOperatorKind.Not } not when Of(not.Operand, library) is { } test =>
            new(test.Outcome, !test.IsApplied),
        _ => null,
    };

    /// <summary>Whether an operation names a member of <c>TransitionOutcome</c>.</summary>
    public static bool Is(IOperation? operation, string member, Library library) =>
        Unwrap(operation) is IFieldReferenceOperation { Field: { } field } && field.Name == member
        && SymbolEqualityComparer.Default.Equals(field.ContainingType, library.Transition);

    private static AppliedTest? Of(IBinaryOperation comparison, Library library)
    {
        var isApplied = comparison.OperatorKind == BinaryOperatorKind.Equals;
        return Is(comparison.RightOperand, "Applied", library) ? new(Unwrap(comparison.LeftOperand)!, isApplied)
            : Is(comparison.LeftOperand, "Applied", library) ? new(Unwrap(comparison.RightOperand)!, isApplied)
            : null;
    }

    private static IOperation? Unwrap(IOperation? operation) =>
        operation is IConversionOperation { IsImplicit: true } conversion ? Unwrap(conversion.Operand) : operation;
}
