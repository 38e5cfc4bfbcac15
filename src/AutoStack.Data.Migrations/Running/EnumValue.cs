using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Values that scripts add to enums. A transaction may add a value and not use it: an upgrade commits between two scripts, a rehearsal
/// does not.
/// </summary>
internal static class EnumValue
{
    private const string UnsafeUse = "55P04";

    /// <summary>The values that the ALTER TYPE … ADD VALUE statements of a script add, as literals of the script.</summary>
    public static IEnumerable<string> AddedBy(MigrationStep step)
    {
        foreach (var statement in step.Statements)
        {
            var cursor = statement.Read();
            if (cursor.Take("ALTER TYPE") && cursor.TakeName() is not null && cursor.Take("ADD VALUE")
                && (cursor.Take("IF NOT EXISTS") || true) && cursor.Current.Kind == SqlTokenKind.Text)
            {
                yield return cursor.Current.Text;
            }
        }
    }

    /// <summary>
    /// True for the error of a script that uses a value which an earlier script of the same transaction added: the upgrade would have
    /// committed the value.
    /// </summary>
    /// <param name="exception">The error of the script.</param>
    /// <param name="step">The script.</param>
    /// <param name="earlier">The scripts that ran before it in the transaction.</param>
    public static bool IsUncommitted(Exception exception, MigrationStep step, IEnumerable<MigrationStep> earlier) =>
        exception is PostgresException { SqlState: UnsafeUse } unsafeUse
        && !AddedBy(step).Any(value => Names(unsafeUse, value)) && earlier.SelectMany(AddedBy).Any();

    // A message in any language quotes the value.
    private static bool Names(PostgresException exception, string literal) =>
        exception.MessageText.Contains(
            literal.Trim('\'').Replace("''", "'", StringComparison.Ordinal), StringComparison.Ordinal);
}
