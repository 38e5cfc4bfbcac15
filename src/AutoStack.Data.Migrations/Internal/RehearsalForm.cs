using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The form in which a script can be run inside a transaction that is rolled back.</summary>
internal static partial class RehearsalForm
{
    /// <summary>The script itself, a form of it that needs no end of the transaction, or null when there is none.</summary>
    public static MigrationStep? Of(MigrationStep step)
    {
        if (step.Transactional)
        {
            return step;
        }

        var text = ConcurrentIndex().IsMatch(step.Sql) ? ConcurrentIndex().Replace(step.Sql, "${verb} INDEX")
            : Block().IsMatch(step.Sql) ? Commit().Replace(step.Sql, "NULL;")
            : null;

        // Without that word in its header it is a script like others, and waits for locks no longer than they do.
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
