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
            && model.GetSymbolInfo(call, context.CancellationToken).Symbol is IMethodSymbol { Parameters: { IsEmpty: false } parameters }
            && model.LookupSymbols(call.SpanStart).Where(symbol => IsToken(symbol, call)).ToList() is { Count: 1 } tokens)
        {
            var token = tokens[0].Name;
            var argument = SyntaxFactory.Argument(SyntaxFactory.IdentifierName(token));
            if (call.ArgumentList.Arguments.Count < parameters.Length - 1)
            {
                var name = SyntaxFactory.NameColon(SyntaxFactory.IdentifierName(parameters.Last().Name));
                argument = argument.WithNameColon(name.WithTrailingTrivia(SyntaxFactory.Space));
            }

            var arguments = call.ArgumentList.AddArguments(argument.WithLeadingTrivia(SyntaxFactory.Space));
            place.Register(context, $"Pass {token}", call, call.WithArgumentList(arguments));
        }
    }

    private static bool IsToken(ISymbol symbol, SyntaxNode call) => symbol switch
    {
        IParameterSymbol parameter => parameter.Type.Name == "CancellationToken",
        ILocalSymbol local => local.Type.Name == "CancellationToken" && local.DeclaringSyntaxReferences.All(
            declared => declared.Span.End < call.SpanStart),
        _ => false,
    };
}
