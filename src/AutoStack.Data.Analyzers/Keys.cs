using Microsoft.CodeAnalysis;

namespace AutoStack.Data.Analyzers;

/// <summary>The keys under which a container has a further database.</summary>
internal static class Keys
{
    /// <summary>Whether a parameter is taken by a key.</summary>
    public static bool Has(IParameterSymbol parameter)
    {
        foreach (var attribute in parameter.GetAttributes())
        {
            for (var type = attribute.AttributeClass; type is not null; type = type.BaseType)
            {
                if (type.Name == "FromKeyedServicesAttribute")
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>
    /// Whether a type, or the source of a type around it or below it, names a key: which of its members belong to which database is not
    /// known then. A type without source counts as one with a key.
    /// </summary>
    public static bool In(INamedTypeSymbol type)
    {
        for (INamedTypeSymbol? current = type; current is { SpecialType: not SpecialType.System_Object }; current = current.BaseType)
        {
            var outermost = current;
            while (outermost.ContainingType is { } around)
            {
                outermost = around;
            }

            if (current.InstanceConstructors.Any(constructor => constructor.Parameters.Any(Has))
                || SymbolEqualityComparer.Default.Equals(current, type) && outermost.DeclaringSyntaxReferences.IsEmpty
                || outermost.DeclaringSyntaxReferences.Any(part => part.GetSyntax().DescendantTokens().Any(
                    token => token.ValueText.IndexOf("Keyed", StringComparison.Ordinal) >= 0)))
            {
                return true;
            }
        }

        return false;
    }
}
