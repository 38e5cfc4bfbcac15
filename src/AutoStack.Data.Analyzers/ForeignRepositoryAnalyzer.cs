using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AutoStack.Data.Analyzers;

/// <summary>
/// ASD0001: the delegate of a unit of work calls a repository from outside. The call runs on another connection: it waits for rows that
/// the unit of work has locked until its time is over.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ForeignRepositoryAnalyzer : LibraryAnalyzer
{
    /// <summary>The id of the rule.</summary>
    public const string Id = "ASD0001";

    private static readonly DiagnosticDescriptor Rule = new(
        Id,
        "A repository from outside is used inside a unit of work",
        "'{0}' works outside of this unit of work: it takes a second connection, and waits for rows that the unit of work has locked. "
            + "Use Get<{1}>() of the unit of work.",
        "Reliability",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        "A repository of the container takes a connection for each call. Inside the delegate of a unit of work its call is not part of "
            + "the transaction, and waits for the transaction's own locks. Take the repository from the parameter of the delegate.");

    /// <summary>Creates the rule.</summary>
    public ForeignRepositoryAnalyzer()
        : base(Rule)
    {
    }

    private protected override void Register(CompilationStartAnalysisContext start, Library library) =>
        start.RegisterOperationAction(
            operation => Analyze(operation, library), OperationKind.Invocation, OperationKind.ConditionalAccess);

    /// <summary>
    /// The delegate of a unit of work whose own body contains an operation; null when there is none. A delegate inside it has another body,
    /// because it may run after the end of the unit of work.
    /// </summary>
    internal static IAnonymousFunctionOperation? WorkAround(IOperation operation, Library library)
    {
        for (var current = operation.Parent; current is not null; current = current.Parent)
        {
            switch (current)
            {
                case ILocalFunctionOperation:
                    return null;
                case IAnonymousFunctionOperation function:
                    return RunOf(function, library) is not null ? function : null;
            }
        }

        return null;
    }

    private static void Analyze(OperationAnalysisContext context, Library library)
    {
        // With ?. the receiver belongs to the access, not to the call.
        var used = context.Operation is IConditionalAccessOperation access
            ? access.Operation : ((IInvocationOperation)context.Operation).Instance;
        if (used is { Type: { } type } receiver && Library.IsRepository(type) && WorkAround(context.Operation, library) is { } work
            && IsFromOutside(receiver, work, library))
        {
            context.ReportDiagnostic(Diagnostic.Create(Rule, receiver.Syntax.GetLocation(), receiver.Syntax.ToString(), type.Name));
        }
    }

    // What another expression answers, such as a call or a property that computes, may well belong to the unit of work.
    private static bool IsFromOutside(IOperation receiver, IAnonymousFunctionOperation work, Library library) =>
        RepositorySource.SymbolOf(receiver) is not null
        && RunOf(work, library) is { } run && RepositorySource.Receiver(run.Instance) is { } unitOfWork
        && RepositorySource.Agree(RepositorySource.Of(unitOfWork), RepositorySource.Of(receiver));

    private static IInvocationOperation? RunOf(IAnonymousFunctionOperation function, Library library)
    {
        var parent = function.Parent;
        while (parent is IDelegateCreationOperation or IConversionOperation)
        {
            parent = parent.Parent;
        }

        return parent is IArgumentOperation { Parameter.Ordinal: 0, Parent: IInvocationOperation run }
            && SymbolEqualityComparer.Default.Equals(run.TargetMethod.ContainingType, library.UnitOfWork) ? run : null;
    }
}
