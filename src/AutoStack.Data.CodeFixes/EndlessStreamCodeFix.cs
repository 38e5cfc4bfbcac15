using System.Collections.Immutable;
using System.Composition;
using AutoStack.Data.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AutoStack.Data.CodeFixes;

/// <summary>Passes the one token that is in scope.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(EndlessStreamCodeFix)), Shared]
public sealed class EndlessStreamCodeFix : CodeFixProvider
{
    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(EndlessStreamAnalyzer.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var place = await Place.OfAsync(context).ConfigureAwait(false);
        if (place is { Expression: InvocationExpressionSyntax call, Model: var model }
            && model.GetSymbolInfo(call, context.CancellationToken).Symbol is IMethodSymbol { Parameters: var parameters }
            && parameters.FirstOrDefault(IsToken) is { } wanted
            && model.LookupSymbols(call.SpanStart).Where(symbol => IsToken(symbol, call)).ToList() is { Count: 1 } tokens
            && IsWithin(tokens[0], model.GetEnclosingSymbol(call.SpanStart, context.CancellationToken)))
        {
            var token = Identifier(tokens[0].Name);
            var argument = SyntaxFactory.Argument(token);

            // After a named argument, and after an omitted one, only a named one is certain to mean the token.
            var given = call.ArgumentList.Arguments;
            if (given.Count < wanted.Ordinal || given.Any(other => other.NameColon is not null))
            {
                argument = argument.WithNameColon(SyntaxFactory.NameColon(Identifier(wanted.Name)).WithTrailingTrivia(SyntaxFactory.Space));
            }

            if (given.Count > 0)
            {
                argument = argument.WithLeadingTrivia(SyntaxFactory.Space);
            }

            place.Register(context, $"Pass {token}", call, call.WithArgumentList(call.ArgumentList.AddArguments(argument)));
        }
    }

    private static bool IsToken(IParameterSymbol parameter) =>
        parameter is { RefKind: RefKind.None, Type: { Name: "CancellationToken", TypeKind: TypeKind.Struct } };

    // A variable without a value may have none yet at the call.
    private static bool IsToken(ISymbol symbol, SyntaxNode call) => symbol switch
    {
        IParameterSymbol parameter => parameter.Type.Name == "CancellationToken",
        ILocalSymbol { Type.Name: "CancellationToken" } local => local.DeclaringSyntaxReferences.All(
            declared => declared.Span.End < call.SpanStart),
        _ => false,
    };

    // A lambda may not take a parameter by reference, and a static one takes nothing from outside; neither does a static method take the
    // parameters of its class.
    private static bool IsWithin(ISymbol token, ISymbol? place)
    {
        if (token is IParameterSymbol { RefKind: not RefKind.None } || token is ILocalSymbol local && !HasValue(local))
        {
            return false;
        }

        for (; place is IMethodSymbol or IFieldSymbol or IPropertySymbol; place = place.ContainingSymbol)
        {
            if (SymbolEqualityComparer.Default.Equals(place, token.ContainingSymbol))
            {
                return true;
            }

            if (place.IsStatic)
            {
                return false;
            }
        }

        return token.ContainingSymbol is IMethodSymbol { MethodKind: MethodKind.Constructor };
    }

    private static bool HasValue(ILocalSymbol local) => local.RefKind == RefKind.None && local.DeclaringSyntaxReferences.All(
        declared => declared.GetSyntax() is VariableDeclaratorSyntax { Initializer: not null });

    // A name that is a word of the language keeps its @.
    private static IdentifierNameSyntax Identifier(string name) => SyntaxFactory.IdentifierName(
        SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None && name != "await" ? SyntaxFactory.Identifier(name)
            : SyntaxFactory.VerbatimIdentifier(default, name, name, default));
}
