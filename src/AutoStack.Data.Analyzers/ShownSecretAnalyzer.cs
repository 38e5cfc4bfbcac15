using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace AutoStack.Data.Analyzers;

/// <summary>
/// ASD0004: a secret, or a token, becomes a text or JSON. The text is <c>[redacted]</c> and the JSON is empty: the program either shows
/// what it must not, or sends nothing where the value is needed.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class ShownSecretAnalyzer : LibraryAnalyzer
{
    /// <summary>The id of the rule.</summary>
    public const string Id = "ASD0004";

    private static readonly DiagnosticDescriptor Rule = new(
        Id,
        "A secret is formatted or serialized",
        "The {0} is formatted as [redacted] and serialized as nothing. Leave it out, or call Reveal() at the one place that needs it.",
        "Security",
        DiagnosticSeverity.Warning,
        isEnabledByDefault: true,
        "Secret, PasswordHash and the tokens hide their text in strings, logs and JSON, so that it reaches nobody by accident. A program "
            + "that needs the text, such as the answer to a sign-in, calls Reveal().");

    // Methods of other types that turn their arguments into text.
    private static readonly ImmutableHashSet<string> Formatters = ImmutableHashSet.Create(
        "System.Console", "System.Convert", "string", "System.IO.TextWriter", "System.Text.StringBuilder", "System.Diagnostics.Debug",
        "System.Diagnostics.Trace", "Microsoft.Extensions.Logging.LoggerExtensions");

    /// <summary>Creates the rule.</summary>
    public ShownSecretAnalyzer()
        : base(Rule)
    {
    }

    private protected override void Register(CompilationStartAnalysisContext start, Library library)
    {
        start.RegisterOperationAction(AnalyzeHole, OperationKind.Interpolation);
        start.RegisterOperationAction(AnalyzeHole, OperationKind.InterpolatedStringAppendFormatted);
        start.RegisterOperationAction(AnalyzeConcatenation, OperationKind.Binary);
        start.RegisterOperationAction(AnalyzeAddition, OperationKind.CompoundAssignment);
        start.RegisterOperationAction(AnalyzeCall, OperationKind.Invocation);
    }

    private static void AnalyzeHole(OperationAnalysisContext context) => Report(context, context.Operation switch
    {
        IInterpolationOperation hole => hole.Expression,
        IInterpolatedStringAppendOperation { AppendCall: IInvocationOperation append } =>
            append.Arguments.FirstOrDefault(argument => argument.Parameter?.Ordinal == 0)?.Value,
        _ => null,
    });

    private static void AnalyzeConcatenation(OperationAnalysisContext context)
    {
        var sum = (IBinaryOperation)context.Operation;
        if (sum is { OperatorKind: BinaryOperatorKind.Add, OperatorMethod: null, Type.SpecialType: SpecialType.System_String })
        {
            Report(context, sum.LeftOperand);
            Report(context, sum.RightOperand);
        }
    }

    private static void AnalyzeAddition(OperationAnalysisContext context)
    {
        var addition = (ICompoundAssignmentOperation)context.Operation;
        if (addition is { OperatorKind: BinaryOperatorKind.Add, OperatorMethod: null, Type.SpecialType: SpecialType.System_String })
        {
            Report(context, addition.Value);
        }
    }

    private static void AnalyzeCall(OperationAnalysisContext context)
    {
        var call = (IInvocationOperation)context.Operation;
        if (call is { TargetMethod: { Name: "ToString", Parameters.IsEmpty: true }, Instance: { } shown })
        {
            Report(context, shown);
        }
        else if (IsSerializer(call.TargetMethod))
        {
            if (call.Arguments.FirstOrDefault(argument => argument.Parameter?.Name == "value") is { } argument)
            {
                ReportSerialized(context, argument.Value);
            }
        }
        else if (IsFormatter(call.TargetMethod))
        {
            foreach (var argument in call.Arguments.SelectMany(ValuesOf))
            {
                Report(context, argument);
            }
        }
    }

    private static bool IsSerializer(IMethodSymbol method) =>
        method.Name.StartsWith("Serialize", StringComparison.Ordinal)
        && method.ContainingType is { Name: "JsonSerializer" } type
        && type.ContainingNamespace.ToDisplayString() == "System.Text.Json";

    // Methods that the generator of the logging package fills in take the values by type.
    private static bool IsFormatter(IMethodSymbol method) =>
        Formatters.Contains(method.ContainingType.ToDisplayString()) && method.Name is not ("Equals" or "CompareTo")
        || method.GetAttributes().Any(attribute => attribute.AttributeClass?.Name == "LoggerMessageAttribute");

    private static IEnumerable<IOperation> ValuesOf(IArgumentOperation argument) => argument.Value switch
    {
        IArrayCreationOperation { Initializer: { } values } when argument.ArgumentKind == ArgumentKind.ParamArray => values.ElementValues,
        ICollectionExpressionOperation values => values.Elements,
        var value => ImmutableArray.Create(value),
    };

    private static void Report(OperationAnalysisContext context, IOperation? value)
    {
        var shown = Unwrap(value);
        if (shown is not null && Library.IsSecret(shown.Type))
        {
            context.ReportDiagnostic(Diagnostic.Create(Rule, shown.Syntax.GetLocation(), shown.Type!.Name));
        }
    }

    // The value itself, or a value with such a property: its JSON lacks what the reader looks for.
    private static void ReportSerialized(OperationAnalysisContext context, IOperation value)
    {
        var shown = Unwrap(value);
        var type = shown?.Type;
        var secret = Library.IsSecret(type) ? type : type?.GetMembers().OfType<IPropertySymbol>().FirstOrDefault(IsSerializedSecret)?.Type;
        if (secret is not null)
        {
            context.ReportDiagnostic(Diagnostic.Create(Rule, shown!.Syntax.GetLocation(), secret.Name));
        }
    }

    private static bool IsSerializedSecret(IPropertySymbol property) =>
        property is { IsStatic: false, DeclaredAccessibility: Accessibility.Public } && Library.IsSecret(property.Type)
        && !property.GetAttributes().Any(
            attribute => attribute.AttributeClass?.Name is "JsonIgnoreAttribute" or "JsonConverterAttribute");

    private static IOperation? Unwrap(IOperation? value) =>
        value is IConversionOperation { IsImplicit: true } conversion && !conversion.Conversion.IsUserDefined ? Unwrap(conversion.Operand)
            : value;
}
