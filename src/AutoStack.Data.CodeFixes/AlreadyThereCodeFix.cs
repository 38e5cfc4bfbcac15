using System.Collections.Immutable;
using System.Composition;
using AutoStack.Data.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AutoStack.Data.CodeFixes;

/// <summary>Decides by <c>MayContinue()</c> instead of a comparison with <c>Applied</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(AlreadyThereCodeFix)), Shared]
public sealed class AlreadyThereCodeFix : CodeFixProvider
{
    private const string Title = "Decide by MayContinue()";

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(AlreadyThereAnalyzer.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        if (await Place.OfAsync(context).ConfigureAwait(false) is { Expression: { } condition, Model: var model } place
            && Library.Of(model.Compilation) is { } library
            && AppliedTest.Of(model.GetOperation(condition, context.CancellationToken), library) is
            { Outcome: { Syntax: ExpressionSyntax outcome, Type: { } type }, IsApplied: var isApplied }
            && model.LookupSymbols(
                condition.SpanStart, type as INamedTypeSymbol, "MayContinue", includeReducedExtensionMethods: true) is { IsEmpty: false })
        {
            ExpressionSyntax decision = SyntaxFactory.InvocationExpression(SyntaxFactory.MemberAccessExpression(
                SyntaxKind.SimpleMemberAccessExpression, Enclosed(outcome.WithoutTrivia()), SyntaxFactory.IdentifierName("MayContinue")));
            var mended = isApplied ? decision : SyntaxFactory.PrefixUnaryExpression(SyntaxKind.LogicalNotExpression, decision);
            place.Register(context, Title, condition, mended.WithTriviaFrom(condition));
        }
    }

    private static ExpressionSyntax Enclosed(ExpressionSyntax outcome) =>
        outcome is IdentifierNameSyntax or MemberAccessExpressionSyntax or InvocationExpressionSyntax or ParenthesizedExpressionSyntax
            ? outcome : SyntaxFactory.ParenthesizedExpression(outcome);
}
