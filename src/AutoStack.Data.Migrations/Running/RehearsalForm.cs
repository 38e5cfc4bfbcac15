using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The form of a script that a transaction allows.</summary>
internal static partial class RehearsalForm
{
    /// <summary>
    /// The script itself when it is transactional, otherwise a transactional form of it; null when a transaction allows no form.
    /// </summary>
    public static MigrationStep? Of(MigrationStep step)
    {
        if (step.Transactional)
        {
            return step;
        }

        var text = ConcurrentIndex().IsMatch(step.Sql) ? ConcurrentIndex().Replace(step.Sql, "${verb} INDEX")
            : Block().IsMatch(step.Sql) ? Commit().Replace(step.Sql, "NULL;")
            : EnumValue.AddedBy(step).Any() ? step.Sql
            : null;

        // Without no-transaction in its header the script also gets the lock timeout of a transactional script.
        return text is null ? null : new MigrationStep(step.FileName, NoTransaction().Replace(text, ""));
    }

    [GeneratedRegex(@"^(?<verb>CREATE(\s+UNIQUE)?|DROP)\s+INDEX\s+CONCURRENTLY\b",
        RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ConcurrentIndex();

    [GeneratedRegex(@"^DO\s+\$", RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Block();

    [GeneratedRegex(@"(?<=^[ \t]*)COMMIT;(?=[ \t]*$)", RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Commit();

    [GeneratedRegex(@"(?<=^-- autostack:[^\n]*)\bno-transaction\b", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex NoTransaction();
}
