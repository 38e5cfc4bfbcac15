using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Reads the errors of a database that Citus distributes. The node that stores a row reports the violation of a constraint of its shard.
/// The node that forwards the error keeps the message, and may lose the SQLSTATE and the name of the constraint.
/// </summary>
internal static partial class ShardErrors
{
    /// <summary>The SQLSTATE of the violation; that of the error for every other error.</summary>
    public static string SqlState(PostgresException error) => error.SqlState != PostgresErrorCodes.InternalError
        ? error.SqlState
        : Violation().Match(error.MessageText).Groups["kind"].Value switch
        {
            "unique" => PostgresErrorCodes.UniqueViolation,
            "foreign key" => PostgresErrorCodes.ForeignKeyViolation,
            "check" => PostgresErrorCodes.CheckViolation,
            "not-null" => PostgresErrorCodes.NotNullViolation,
            _ => error.SqlState,
        };

    /// <summary>The name of the violated constraint of the table, not of its shard; null when the error has none.</summary>
    public static string? Constraint(PostgresException error)
    {
        var name = error.ConstraintName
            ?? (Violation().Match(error.MessageText).Groups["name"] is { Success: true, Value: var told } ? told : null);
        return name is null ? null : Shard().Replace(name, "");
    }

    // The messages of an English server, which no value of a row is part of.
    [GeneratedRegex("""
         violates (?:(?<kind>unique|foreign key|check) constraint "(?<name>[^"]+)"|(?<kind>not-null) constraint)
        """, RegexOptions.CultureInvariant)]
    private static partial Regex Violation();

    // A shard's number has at least six digits: the first one is 102008.
    [GeneratedRegex(@"_[0-9]{6,}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Shard();
}
