using System.Collections.Immutable;
using System.Composition;
using AutoStack.Data.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;

namespace AutoStack.Data.CodeFixes;

/// <summary>States that an outcome does not matter: <c>_ = await …</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(UnusedOutcomeCodeFix)), Shared]
public sealed class UnusedOutcomeCodeFix : CodeFixProvider
{
    private const string Title = "State that the outcome does not matter";

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(UnusedOutcomeAnalyzer.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        // Where _ is the name of a parameter, an assignment to it is no discard.
        if (await Place.OfAsync(context).ConfigureAwait(false) is { } place
            && place.Model.LookupSymbols(place.Expression.SpanStart, name: "_").IsEmpty)
        {
            var discard = SyntaxFactory.AssignmentExpression(
                SyntaxKind.SimpleAssignmentExpression,
                SyntaxFactory.IdentifierName("_").WithTrailingTrivia(SyntaxFactory.Space),
                SyntaxFactory.Token(SyntaxKind.EqualsToken).WithTrailingTrivia(SyntaxFactory.Space),
                place.Expression.WithoutTrivia());
            place.Register(context, Title, place.Expression, discard.WithTriviaFrom(place.Expression));
        }
    }
}
