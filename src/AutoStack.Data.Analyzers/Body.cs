using Microsoft.CodeAnalysis;

namespace AutoStack.Data.Analyzers;

/// <summary>The body of the method in which an operation stands.</summary>
internal static class Body
{
    /// <summary>The outermost operation around one.</summary>
    public static IOperation Of(IOperation operation)
    {
        while (operation.Parent is { } parent)
        {
            operation = parent;
        }

        return operation;
    }
}
