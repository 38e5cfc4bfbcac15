using System.Collections.Concurrent;

namespace AutoStack.Data.Postgres;

/// <summary>What an executor works for, in telemetry.</summary>
/// <param name="name">The repository, for example <c>DeploymentRepository</c>.</param>
/// <param name="table">The table that its statements are about; null for several.</param>
internal sealed class Subject(string name, string? table)
{
    private readonly ConcurrentDictionary<string, string> operations = new(StringComparer.Ordinal);

    /// <summary>The table that the statements are about; null for several.</summary>
    public string? Table => table;

    /// <summary>The name of an operation, for example <c>DeploymentRepository.FindDetails</c>.</summary>
    /// <param name="method">The method that runs it, for example <c>FindDetailsAsync</c>.</param>
    public string Operation(string method) => operations.GetOrAdd(
        method,
        static (method, name) => $"{name}.{(method.EndsWith("Async", StringComparison.Ordinal) ? method[..^5] : method)}",
        name);
}
