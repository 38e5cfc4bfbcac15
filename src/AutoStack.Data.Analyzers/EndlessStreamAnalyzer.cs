using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AutoStack.Data.Analyzers;

/// <summary>
/// ASD0006: a program reads a stream that does not end by itself, and passes no cancellation token: the reader stays when its client, or
/// its host, has gone.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class EndlessStreamAnalyzer : LibraryAnalyzer
{
    /// <summary>The id of the rule.</summary>
    public const string Id = "ASD0006";

    private static readonly DiagnosticDescriptor Rule = new(
        Id,
        "An endless stream is read without a cancellation token",
        "Nothing stops this '{0}': pass the token of the request, or of the host",
        "Reliability",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        "FollowAsync continues until the deployment has ended, and WatchAsync for good. Without a token the loop outlives the request of a "
            + "browser that has gone away, and delays the end of the process.");

    /// <summary>Creates the rule.</summary>
    public EndlessStreamAnalyzer()
        : base(Rule)
    {
    }

    private protected override void Register(CompilationStartAnalysisContext start, Library library) =>
        start.RegisterOperationAction(Analyze, OperationKind.Loop);

    private static void Analyze(OperationAnalysisContext context)
    {
        if (context.Operation is IForEachLoopOperation { IsAsynchronous: true, Collection: { } collection }
            && StreamOf(collection) is { TargetMethod: { Name: "FollowAsync" or "WatchAsync" } method } stream
            && Library.IsOwn(method.ContainingType)
            && stream.Arguments.Any(argument => argument.ArgumentKind == ArgumentKind.DefaultValue
                && argument.Parameter?.Type.Name == "CancellationToken"))
        {
            context.ReportDiagnostic(Diagnostic.Create(Rule, stream.Syntax.GetLocation(), method.Name));
        }
    }

    // The call whose rows a loop reads. WithCancellation passes a token; a stream from a variable may have got one before.
    private static IInvocationOperation? StreamOf(IOperation? collection) => collection switch
    {
        IConversionOperation { IsImplicit: true } conversion => StreamOf(conversion.Operand),
        IInvocationOperation { TargetMethod.Name: "ConfigureAwait" } call =>
            StreamOf(call.Instance ?? call.Arguments.FirstOrDefault(argument => argument.Parameter?.Ordinal == 0)?.Value),
        IInvocationOperation call => call,
        _ => null,
    };
}
