using AutoStack.Data.Migrations;

namespace AutoStack.Data.Testing;

/// <summary>The schema of a database is not that of this version of the package.</summary>
public sealed class SchemaNotUpToDateException : Exception
{
    internal SchemaNotUpToDateException(string message, SchemaCheckResult result)
        : base(message) => Result = result;

    /// <summary>What the check found.</summary>
    public SchemaCheckResult Result { get; }
}
