using System.Collections.Immutable;
using System.Composition;
using AutoStack.Data.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AutoStack.Data.CodeFixes;

/// <summary>Takes the repository from the unit of work: <c>tx.Get&lt;T&gt;()</c>.</summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(ForeignRepositoryCodeFix)), Shared]
public sealed class ForeignRepositoryCodeFix : CodeFixProvider
{
    private const string Title = "Use the repository of the unit of work";

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(ForeignRepositoryAnalyzer.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var place = await Place.OfAsync(context).ConfigureAwait(false);
        if (place is { Expression: { } receiver, Model: var model }
            && model.GetTypeInfo(receiver, context.CancellationToken).Type is { } type
            && receiver.FirstAncestorOrSelf<AnonymousFunctionExpressionSyntax>() is { } work
            && ParameterOf(work) is { } tx && tx != "_")
        {
            var name = type.WithNullableAnnotation(NullableAnnotation.NotAnnotated).ToMinimalDisplayString(model, receiver.SpanStart);
            var mended = SyntaxFactory.ParseExpression($"{tx}.Get<{name}>()").WithTriviaFrom(receiver);
            place.Register(context, Title, receiver, mended);
        }
    }

    private static string? ParameterOf(AnonymousFunctionExpressionSyntax work) => work switch
    {
        ParenthesizedLambdaExpressionSyntax lambda => lambda.ParameterList.Parameters.FirstOrDefault()?.Identifier.Text,
        AnonymousMethodExpressionSyntax method => method.ParameterList?.Parameters.FirstOrDefault()?.Identifier.Text,
        _ => null,
    };
}
