using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
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
        start.RegisterOperationAction(operation => Analyze(operation, library), OperationKind.Invocation);

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
                    return IsWork(function, library) ? function : null;
            }
        }

        return null;
    }

    private static void Analyze(OperationAnalysisContext context, Library library)
    {
        var call = (IInvocationOperation)context.Operation;
        if (call.Instance is { Type: { } type } receiver && Library.IsRepository(type)
            && WorkAround(call, library) is { } work && IsFromOutside(receiver, work))
        {
            context.ReportDiagnostic(Diagnostic.Create(Rule, receiver.Syntax.GetLocation(), receiver.Syntax.ToString(), type.Name));
        }
    }

    private static bool IsWork(IAnonymousFunctionOperation function, Library library)
    {
        var parent = function.Parent;
        while (parent is IDelegateCreationOperation or IConversionOperation)
        {
            parent = parent.Parent;
        }

        return parent is IArgumentOperation { Parameter.Ordinal: 0, Parent: IInvocationOperation run }
            && SymbolEqualityComparer.Default.Equals(run.TargetMethod.ContainingType, library.UnitOfWork);
    }

    // What another expression answers, such as a call or a property that computes, may well belong to the unit of work.
    private static bool IsFromOutside(IOperation receiver, IAnonymousFunctionOperation work)
    {
        var symbol = SymbolOf(receiver);
        var isOutside = symbol switch
        {
            IParameterSymbol parameter => !IsOf(parameter, work.Symbol) && !IsKeyed(parameter),
            ILocalSymbol local => !IsOf(local, work.Symbol) && IsInjected(local),
            IFieldSymbol field => !HasKeyedParameter(field.ContainingType),
            IPropertySymbol property => IsAuto(property) && !HasKeyedParameter(property.ContainingType),
            _ => false,
        };
        return isOutside && !work.Body.Descendants().OfType<IAssignmentOperation>().Any(
            assignment => SymbolEqualityComparer.Default.Equals(SymbolOf(assignment.Target), symbol));
    }

    private static ISymbol? SymbolOf(IOperation operation) => operation switch
    {
        IParameterReferenceOperation parameter => parameter.Parameter,
        ILocalReferenceOperation local => local.Local,
        IFieldReferenceOperation { Instance: null or IInstanceReferenceOperation } field => field.Field,
        IPropertyReferenceOperation { Instance: null or IInstanceReferenceOperation } property => property.Property,
        _ => null,
    };

    private static bool IsOf(ISymbol symbol, IMethodSymbol work) => SymbolEqualityComparer.Default.Equals(symbol.ContainingSymbol, work);

    // A further database has repositories of its own, under a key.
    private static bool IsKeyed(IParameterSymbol parameter) =>
        parameter.GetAttributes().Any(attribute => attribute.AttributeClass?.Name == "FromKeyedServicesAttribute");

    private static bool HasKeyedParameter(INamedTypeSymbol type) =>
        type.InstanceConstructors.Any(constructor => constructor.Parameters.Any(IsKeyed));

    private static bool IsAuto(IPropertySymbol property) => property.SetMethod is null or { IsInitOnly: true }
        && property.ContainingType.GetMembers().OfType<IFieldSymbol>().Any(
            field => SymbolEqualityComparer.Default.Equals(field.AssociatedSymbol, property));

    // Not from another unit of work, and not from another database.
    private static bool IsInjected(ILocalSymbol local) =>
        local.DeclaringSyntaxReferences.Length == 1
        && local.DeclaringSyntaxReferences[0].GetSyntax() is VariableDeclaratorSyntax { Initializer.Value: InvocationExpressionSyntax call }
        && call.Expression is MemberAccessExpressionSyntax { Name.Identifier.ValueText: var name }
        && name.EndsWith("Service", StringComparison.Ordinal) && name.IndexOf("Keyed", StringComparison.Ordinal) < 0;
}
