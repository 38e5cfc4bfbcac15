using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CodeActions;
using Microsoft.CodeAnalysis.CodeFixes;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace AutoStack.Data.CodeFixes;

/// <summary>The expression that a rule has reported, in its document.</summary>
internal sealed class Place
{
    private readonly SyntaxNode root;

    private Place(SyntaxNode root, SemanticModel model, ExpressionSyntax expression) =>
        (this.root, Model, Expression) = (root, model, expression);

    /// <summary>What the document means.</summary>
    public SemanticModel Model { get; }

    /// <summary>The expression.</summary>
    public ExpressionSyntax Expression { get; }

    /// <summary>The place of the first finding; null when it is not an expression.</summary>
    public static async Task<Place?> OfAsync(CodeFixContext context)
    {
        var root = await context.Document.GetSyntaxRootAsync(context.CancellationToken).ConfigureAwait(false);
        var model = await context.Document.GetSemanticModelAsync(context.CancellationToken).ConfigureAwait(false);
        return root is not null && model is not null
            && root.FindNode(context.Span, getInnermostNodeForTie: true) is ExpressionSyntax expression
                ? new Place(root, model, expression) : null;
    }

    /// <summary>Offers to replace a node of the document.</summary>
    public void Register(CodeFixContext context, string title, SyntaxNode old, SyntaxNode mended) => context.RegisterCodeFix(
        CodeAction.Create(title, _ => Task.FromResult(context.Document.WithSyntaxRoot(root.ReplaceNode(old, mended))), title),
        context.Diagnostics);
}
