using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AutoStack.Data.Analyzers;

/// <summary>
/// ASD0005: a program composes the text of a cursor. Cursors come from pages and from lines of a log; what is in the text belongs to the
/// library, and differs from list to list.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class BuiltCursorAnalyzer : LibraryAnalyzer
{
    /// <summary>The id of the rule.</summary>
    public const string Id = "ASD0005";

    private static readonly DiagnosticDescriptor Rule = new(
        Id,
        "A cursor is built from text",
        "The text of this cursor is composed by the program, and changes with the library: "
            + "take the cursor from a page or from a line of a log",
        "Reliability",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        "A cursor is the place of a row in one kind of list. Page.Next, LogPage.Before and After, and the Cursor of a line have it; "
            + "parse only the text that such a cursor had.");

    /// <summary>Creates the rule.</summary>
    public BuiltCursorAnalyzer()
        : base(Rule)
    {
    }

    private protected override void Register(CompilationStartAnalysisContext start, Library library) =>
        start.RegisterOperationAction(Analyze, OperationKind.Invocation);

    private static void Analyze(OperationAnalysisContext context)
    {
        var call = (IInvocationOperation)context.Operation;
        if (call.TargetMethod.Name is "Parse" or "TryParse" && Library.Is(call.TargetMethod.ContainingType, "Cursor")
            && call.Arguments.FirstOrDefault(argument => argument.Parameter?.Ordinal == 0)?.Value is { } text && IsComposed(ValueOf(text)))
        {
            context.ReportDiagnostic(Diagnostic.Create(Rule, text.Syntax.GetLocation()));
        }
    }

    private static bool IsComposed(IOperation? text) => text switch
    {
        null or { ConstantValue.HasValue: true } => false,
        IInterpolatedStringOperation or IBinaryOperation { OperatorKind: BinaryOperatorKind.Add } => true,
        IInvocationOperation call => call.TargetMethod.Name is "Concat" or "Format" or "Join" or "Create"
            && call.TargetMethod.ContainingType.SpecialType == SpecialType.System_String,
        _ => false,
    };

    // A variable that is set once has the value of its declaration.
    private static IOperation? ValueOf(IOperation text) =>
        text is ILocalReferenceOperation { Local: { DeclaringSyntaxReferences: { Length: 1 } declared } local, SemanticModel: { } model }
        && declared[0].GetSyntax() is VariableDeclaratorSyntax { Initializer.Value: { } value }
        && !Body.Of(text).Descendants().OfType<IAssignmentOperation>().Any(
            assignment => assignment.Target is ILocalReferenceOperation set && SymbolEqualityComparer.Default.Equals(set.Local, local))
            ? model.GetOperation(value) : text;
}
