using Microsoft.CodeAnalysis;

namespace AutoStack.Data.Analyzers;

/// <summary>The types of AutoStack.Data in a compilation.</summary>
internal sealed class Library
{
    private const string Name = "AutoStack.Data";

    private Library(INamedTypeSymbol unitOfWork, INamedTypeSymbol transition) => (UnitOfWork, Transition) = (unitOfWork, transition);

    /// <summary><c>IUnitOfWork</c>.</summary>
    public INamedTypeSymbol UnitOfWork { get; }

    /// <summary><c>TransitionOutcome</c>.</summary>
    public INamedTypeSymbol Transition { get; }

    /// <summary>The library that a compilation uses; null when it uses none.</summary>
    public static Library? Of(Compilation compilation) =>
        compilation.GetTypeByMetadataName("AutoStack.Data.IUnitOfWork") is { } unitOfWork
        && compilation.GetTypeByMetadataName("AutoStack.Data.TransitionOutcome") is { } transition
            ? new Library(unitOfWork, transition)
            : null;

    /// <summary>Whether a type is of the library, or of a package beside it such as AutoStack.Data.AspNetCore.</summary>
    public static bool IsOwn(ITypeSymbol type) => type.ContainingAssembly?.Name is { } assembly
        && (assembly == Name || assembly.StartsWith(Name + ".", StringComparison.Ordinal));

    /// <summary>Whether a type is a type of the library with this name.</summary>
    public static bool Is(ITypeSymbol? type, string name) => type is not null && type.Name == name && IsOwn(type);

    /// <summary>Whether a type is one of the repositories that a unit of work creates.</summary>
    public static bool IsRepository(ITypeSymbol? type) =>
        type is { TypeKind: TypeKind.Interface } && IsOwn(type) && RepositoryNames.Contains(type.Name);

    /// <summary>Whether a type holds a text that it shows to nobody.</summary>
    public static bool IsSecret(ITypeSymbol? type) =>
        type is { TypeKind: TypeKind.Class, SpecialType: SpecialType.None } && IsOwn(type) && type.GetAttributes().Any(
            attribute => attribute.AttributeClass?.Name == "DebuggerDisplayAttribute"
                && attribute.ConstructorArguments.Length == 1 && attribute.ConstructorArguments[0].Value is "[redacted]");

    /// <summary>Whether a type says what a call has done: an enum named <c>…Outcome</c>, or a record with one.</summary>
    public static bool IsOutcome(ITypeSymbol? type) => type is not null && IsOwn(type) && (IsOutcomeEnum(type)
        || type is { IsRecord: true } && type.GetMembers("Outcome").OfType<IPropertySymbol>().Any(outcome => IsOutcomeEnum(outcome.Type)));

    /// <summary>The result of a call that may be awaited: <c>T</c> of <c>Task&lt;T&gt;</c>.</summary>
    public static ITypeSymbol? ResultOf(ITypeSymbol? type) =>
        type is INamedTypeSymbol { Name: "Task" or "ValueTask", TypeArguments.Length: 1 } task ? task.TypeArguments[0] : type;

    private static bool IsOutcomeEnum(ITypeSymbol type) =>
        type.TypeKind == TypeKind.Enum && type.Name.EndsWith("Outcome", StringComparison.Ordinal) && IsOwn(type);
}
