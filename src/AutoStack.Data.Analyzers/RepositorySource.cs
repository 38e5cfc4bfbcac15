using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Operations;

namespace AutoStack.Data.Analyzers;

/// <summary>
/// The place from which a class takes a repository or a unit of work. Two places that are known agree on the database, because neither
/// has a key; a place that is not known may belong to another database or to another transaction.
/// </summary>
internal static class RepositorySource
{
    /// <summary>The place for everything that the container injects.</summary>
    public const string Injected = "";

    /// <summary>
    /// The place of an expression: <see cref="Injected"/>, or the text of a service provider; null when it is not known.
    /// </summary>
    public static string? Of(IOperation operation) => Of(operation, depth: 0);

    /// <summary>Whether two places certainly belong to the same database.</summary>
    public static bool Agree(string? first, string? second) => first is not null && first == second;

    /// <summary>The variable or member that an expression names; null for any other expression.</summary>
    public static ISymbol? SymbolOf(IOperation? operation) => operation switch
    {
        IParameterReferenceOperation parameter => parameter.Parameter,
        ILocalReferenceOperation local => local.Local,
        IFieldReferenceOperation { Instance: null or IInstanceReferenceOperation } field => field.Field,
        IPropertyReferenceOperation { Instance: null or IInstanceReferenceOperation } property => property.Property,
        _ => null,
    };

    /// <summary>The expression on which a member is called, also by <c>?.</c>.</summary>
    public static IOperation? Receiver(IOperation? instance)
    {
        if (instance is not IConditionalAccessInstanceOperation)
        {
            return instance;
        }

        for (IOperation inner = instance, outer = instance.Parent!; outer is not null; inner = outer, outer = outer.Parent!)
        {
            if (outer is IConditionalAccessOperation access && access.WhenNotNull == inner)
            {
                return access.Operation;
            }
        }

        return null;
    }

    private static string? Of(IOperation? operation, int depth) => operation switch
    {
        null => null,
        _ when depth > 8 => null,
        IConversionOperation { IsImplicit: true } conversion => Of(conversion.Operand, depth + 1),
        IInvocationOperation { TargetMethod.Name: "GetService" or "GetRequiredService" } call => OfProvider(
            call.Instance ?? call.Arguments.FirstOrDefault(argument => argument.Parameter?.Ordinal == 0)?.Value),
        IParameterReferenceOperation { Parameter: var parameter } =>
            IsInjected(parameter) && !IsSet(parameter, operation) ? Injected : null,
        ILocalReferenceOperation local => IsSet(local.Local, operation) ? null : Of(InitializerOf(local), depth + 1),
        IFieldReferenceOperation { Instance: null or IInstanceReferenceOperation } field => OfMember(field.Field),
        IPropertyReferenceOperation { Instance: null or IInstanceReferenceOperation } property => OfMember(property.Property),
        _ => null,
    };

    private static string? OfProvider(IOperation? provider) => provider switch
    {
        null => null,
        IConversionOperation { IsImplicit: true } conversion => OfProvider(conversion.Operand),
        IParameterReferenceOperation => Of(provider, depth: 0),
        _ => TextOf(provider.Syntax),
    };

    private static string TextOf(SyntaxNode provider) =>
        provider.ToString() is var text && text.EndsWith(".RequestServices", StringComparison.Ordinal) ? Injected : text;

    // A parameter of a method that its own type calls gets what the caller has, such as the repository of an outer unit of work; that of
    // an abstract class gets what the class below it has. The parameters of an endpoint have their types.
    private static bool IsInjected(IParameterSymbol parameter) =>
        parameter.RefKind == RefKind.None && !Keys.Has(parameter) && !Keys.In(parameter.ContainingType)
        && parameter.ContainingSymbol is IMethodSymbol method && method.MethodKind switch
        {
            MethodKind.Constructor => !method.ContainingType.IsAbstract,
            MethodKind.AnonymousFunction => parameter.DeclaringSyntaxReferences.Any(
                declared => declared.GetSyntax() is ParameterSyntax { Type: not null }),
            MethodKind.Ordinary => !Written.Calls(method.ContainingType, method.Name),
            _ => false,
        };

    private static IOperation? InitializerOf(ILocalReferenceOperation local) =>
        local.Local.DeclaringSyntaxReferences.Length == 1
        && local.Local.DeclaringSyntaxReferences[0].GetSyntax() is VariableDeclaratorSyntax { Initializer.Value: { } value }
            ? local.SemanticModel?.GetOperation(value) : null;

    // Nobody else gives a value to the member, and every value that its type gives is known.
    private static string? OfMember(ISymbol member)
    {
        var type = member.ContainingType;
        var isOwn = member.DeclaredAccessibility == Accessibility.Private
            || member is IFieldSymbol { IsReadOnly: true } or IPropertySymbol { SetMethod: null };
        if (!isOwn || type.IsAbstract || Keys.In(type) || member is IPropertySymbol property && !IsAuto(property))
        {
            return null;
        }

        var values = Written.ValuesOf(member).Select(value => OfValue(value, type)).Distinct().ToList();
        return values.Count == 1 ? values[0] : null;
    }

    private static string? OfValue(ExpressionSyntax? value, INamedTypeSymbol type) => value switch
    {
        BinaryExpressionSyntax { RawKind: (int)SyntaxKind.CoalesceExpression, Right: ThrowExpressionSyntax } checkedValue =>
            OfValue(checkedValue.Left, type),
        IdentifierNameSyntax { Identifier.ValueText: var name } when type.InstanceConstructors.Any(
            constructor => constructor.Parameters.Any(parameter => parameter.Name == name)) && !Written.IsSet(type, name) => Injected,
        InvocationExpressionSyntax { Expression: MemberAccessExpressionSyntax call }
            when call.Name.Identifier.ValueText is "GetService" or "GetRequiredService" =>
            OfValue(call.Expression as IdentifierNameSyntax, type) ?? TextOf(call.Expression),
        _ => null,
    };

    private static bool IsAuto(IPropertySymbol property) => property.ContainingType.GetMembers().OfType<IFieldSymbol>().Any(
        field => SymbolEqualityComparer.Default.Equals(field.AssociatedSymbol, property));

    private static bool IsSet(ISymbol symbol, IOperation place) =>
        Body.Of(place).Descendants().Any(part => part switch
        {
            IAssignmentOperation assignment => assignment.Target.DescendantsAndSelf().Any(target => Is(target, symbol)),
            IArgumentOperation { Parameter.RefKind: RefKind.Ref or RefKind.Out } argument => Is(argument.Value, symbol),
            _ => false,
        })
        || symbol is IParameterSymbol { ContainingSymbol: IMethodSymbol { MethodKind: MethodKind.Constructor } constructor }
            && Written.IsSet(constructor.ContainingType, symbol.Name);

    private static bool Is(IOperation operation, ISymbol symbol) => SymbolEqualityComparer.Default.Equals(SymbolOf(operation), symbol);
}
