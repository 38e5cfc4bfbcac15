using AutoStack.Data.Migrations;

namespace AutoStack.Data.Testing;

/// <summary>The schema of a database is not that of this version of the package.</summary>
public sealed class SchemaNotUpToDateException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">The message.</param>
    /// <param name="result">The result of the check.</param>
    public SchemaNotUpToDateException(string message, SchemaCheckResult result)
        : base(message) => Result = result;

    /// <summary>What the check found.</summary>
    public SchemaCheckResult Result { get; }
}
