using System.Collections.Immutable;
using System.Composition;
using AutoStack.Data.Analyzers;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AutoStack.Data.CodeFixes;

/// <summary>
/// Takes the cursor of a line where its text was composed of the number: <c>line.Cursor</c> for exactly <c>$"s.{line.Seq}"</c>. Every
/// other text may be another place.
/// </summary>
[ExportCodeFixProvider(LanguageNames.CSharp, Name = nameof(BuiltCursorCodeFix)), Shared]
public sealed class BuiltCursorCodeFix : CodeFixProvider
{
    private const string Title = "Use the cursor of the line";

    /// <inheritdoc/>
    public override ImmutableArray<string> FixableDiagnosticIds { get; } = ImmutableArray.Create(BuiltCursorAnalyzer.Id);

    /// <inheritdoc/>
    public override FixAllProvider GetFixAllProvider() => WellKnownFixAllProviders.BatchFixer;

    /// <inheritdoc/>
    public override async Task RegisterCodeFixesAsync(CodeFixContext context)
    {
        var place = await Place.OfAsync(context).ConfigureAwait(false);
        if (place is { Expression: InterpolatedStringExpressionSyntax text, Model: var model }
            && text.FirstAncestorOrSelf<InvocationExpressionSyntax>() is
            { Expression: MemberAccessExpressionSyntax { Name.Identifier.Text: "Parse" } } parse
            && text.Contents.Count == 2 && text.Contents[0] is InterpolatedStringTextSyntax { TextToken.ValueText: "s." }
            && text.Contents[1] is InterpolationSyntax { AlignmentClause: null, FormatClause: null } hole
            && hole.Expression is MemberAccessExpressionSyntax { Name.Identifier.Text: "Seq", Expression: var line }
            && model.GetTypeInfo(line, context.CancellationToken).Type is { } type && Library.IsOwn(type)
            && type.GetMembers("Cursor").OfType<IPropertySymbol>().Any())
        {
            var cursor = SyntaxFactory.MemberAccessExpression(
                SyntaxKind.SimpleMemberAccessExpression, line, SyntaxFactory.IdentifierName("Cursor"));
            place.Register(context, Title, parse, cursor.WithTriviaFrom(parse));
        }
    }
}
