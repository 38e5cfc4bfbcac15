using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AutoStack.Data.Analyzers;

/// <summary>ASD0002: the outcome of a call is not used. What a caller must expect is an outcome, and no exception.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class UnusedOutcomeAnalyzer : LibraryAnalyzer
{
    /// <summary>The id of the rule.</summary>
    public const string Id = "ASD0002";

    private static readonly DiagnosticDescriptor Rule = new(
        Id,
        "An outcome is not used",
        "The {1} of '{0}' is not used: the call may have done nothing. Decide by it, or assign it to _.",
        "Reliability",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        "A row that is gone, a deployment that its owner has cancelled, a lease that is lost and a wrong password are outcomes, and no "
            + "exceptions. A program that does not look at the outcome takes each of them for a success.");

    /// <summary>Creates the rule.</summary>
    public UnusedOutcomeAnalyzer()
        : base(Rule)
    {
    }

    private protected override void Register(CompilationStartAnalysisContext start, Library library) =>
        start.RegisterOperationAction(Analyze, OperationKind.ExpressionStatement);

    private static void Analyze(OperationAnalysisContext context)
    {
        var value = ((IExpressionStatementOperation)context.Operation).Operation;
        if (value is IAwaitOperation or IInvocationOperation or IConditionalAccessOperation
            && Library.ResultOf(value.Type) is { } result && Library.IsOutcome(result))
        {
            context.ReportDiagnostic(Diagnostic.Create(Rule, value.Syntax.GetLocation(), NameOf(value), result.Name));
        }
    }

    private static string NameOf(IOperation value) => value switch
    {
        IAwaitOperation awaited => NameOf(awaited.Operation),
        IInvocationOperation { TargetMethod.Name: "ConfigureAwait", Instance: { } call } => NameOf(call),
        IInvocationOperation call => call.TargetMethod.Name,
        IConditionalAccessOperation access => NameOf(access.WhenNotNull),
        _ => value.Syntax.ToString(),
    };
}
