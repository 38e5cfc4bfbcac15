using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AutoStack.Data.Analyzers;

/// <summary>What the source of a type gives to its members, by their names. A name that may mean another thing counts as well.</summary>
internal static class Written
{
    /// <summary>
    /// The values that a type gives to a field or a property: the initializer, and every assignment. Null stands for a value that is not
    /// an expression, such as an argument by reference.
    /// </summary>
    public static IEnumerable<ExpressionSyntax?> ValuesOf(ISymbol member)
    {
        foreach (var declared in member.DeclaringSyntaxReferences)
        {
            var initializer = declared.GetSyntax() switch
            {
                VariableDeclaratorSyntax field => field.Initializer,
                PropertyDeclarationSyntax property => property.Initializer,
                _ => null,
            };
            if (initializer is not null)
            {
                yield return initializer.Value;
            }
        }

        foreach (var name in NamesIn(member.ContainingType, member.Name))
        {
            if (IsWritten(name, out var value))
            {
                yield return value;
            }
        }
    }

    /// <summary>Whether a type gives a new value to a parameter of its constructor.</summary>
    public static bool IsSet(INamedTypeSymbol type, string name) =>
        NamesIn(type, name).Any(part => part.Parent is not MemberAccessExpressionSyntax && IsWritten(part, out _));

    /// <summary>Whether a type calls a method of its own that has this name, or passes it on.</summary>
    public static bool Calls(INamedTypeSymbol type, string name) => NamesIn(type, name).Any(
        part => part.Parent is not MemberAccessExpressionSyntax access || access.Name != part
            || access.Expression is ThisExpressionSyntax || access.Expression.ToString() == type.Name);

    private static IEnumerable<SimpleNameSyntax> NamesIn(INamedTypeSymbol type, string name) =>
        type.DeclaringSyntaxReferences.SelectMany(part => part.GetSyntax().DescendantNodes().OfType<SimpleNameSyntax>())
            .Where(part => part.Identifier.ValueText == name);

    private static bool IsWritten(SimpleNameSyntax name, out ExpressionSyntax? value)
    {
        ExpressionSyntax target = name.Parent is MemberAccessExpressionSyntax access && access.Name == name ? access : name;
        value = null;
        switch (target.Parent)
        {
            case AssignmentExpressionSyntax assignment when assignment.Left == target:
                value = assignment.IsKind(SyntaxKind.SimpleAssignmentExpression) ? assignment.Right : null;
                return true;
            case ArgumentSyntax { RefKindKeyword.RawKind: not (int)SyntaxKind.None }:
                return true;
            case ArgumentSyntax { Parent: TupleExpressionSyntax { Parent: AssignmentExpressionSyntax both } tuple }:
                return both.Left == tuple;
            default:
                return false;
        }
    }
}
