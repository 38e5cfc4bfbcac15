using AutoStack.Data.Cli.Output;
using AutoStack.Data.Monitoring;
using AutoStack.Data.SecretRotation;

namespace AutoStack.Data.Cli.Keys;

/// <summary>What is wrong with the stored secrets and the given keys.</summary>
internal static class KeyFindings
{
    /// <summary>Stored values name a key that was not given.</summary>
    public const string Missing = "key-missing";

    private const int MostRows = 5;
    private const string Rotate = "autostack-db keys rotate encrypts them with the first key.";

    public static IReadOnlyList<Finding> Of(KeyReport report) =>
    [
        .. MissingKeys(report), .. Unreadable(report), .. ClearValues(report), .. FirstForm(report), .. OldKeys(report),
        .. UnusedKeys(report), .. NotVisible(report),
    ];

    /// <summary>The keys that stored values name, and that were not given.</summary>
    public static IEnumerable<Finding> MissingKeys(KeyReport report) =>
        from count in report.Counts
        where report.Given.Count > 0 && count.KeyId is not null && !report.Given.Contains(count.KeyId)
        group count by count.KeyId into key
        let values = key.Sum(count => count.Values)
        select new Finding(
            Missing, Severity.Error, $"key {key.Key}",
            $"{Values(values, "name")} the key {key.Key}, which was not given: "
                + $"{string.Join(", ", key.Select(count => $"{count.Column} {Figures.Number((double)count.Values)}"))}.")
        {
            Cost = "These values cannot be read.",
            Mend = "Give the key. If no copy of it is left, remove the values: docs/keys.md.",
        };

    private static IEnumerable<Finding> Unreadable(KeyReport report) =>
        from found in report.Unreadable
        where found.Reason != UnreadableReason.KeyMissing
        select new Finding(
            "secret-unreadable", Severity.Error, found.Column,
            $"{Values(found.Values, "do", found.Column)} not open: {Because(found.Reason)}. "
                + $"{(found.Rows.Count == 1 ? "Row" : "Rows")} {string.Join(", ", found.Rows.Take(MostRows))}"
                + (found.Values > MostRows ? $" and {Figures.Number((double)(found.Values - MostRows))} more." : "."))
        {
            Cost = "These values cannot be read.",
            Mend = "Restore the rows with their versions, or have the values set again: docs/keys.md.",
        };

    private static IEnumerable<Finding> ClearValues(KeyReport report) =>
        from count in report.Counts
        where count.Form == SecretForm.Clear
        select new Finding(
            "secret-in-clear", Severity.Warning, count.Column, $"{Values(count.Values, "are", count.Column)} stored in clear.")
        {
            Cost = "Everyone who can read the table or a dump of it can read these values.",
            Mend = count.Column == "sessions.token" ? "autostack-db keys rotate replaces them by their hashes." : Rotate,
        };

    private static IEnumerable<Finding> FirstForm(KeyReport report) =>
        from count in report.Counts
        where count.Form == SecretForm.FirstForm
        select new Finding(
            "secret-first-form", Severity.Warning, count.Column,
            $"{Values(count.Values, "have", count.Column)} the first form, under the key {count.KeyId}: bound to no owner and no version.")
        {
            Cost = "An older value that is put back is not noticed.",
            Mend = Rotate,
        };

    private static IEnumerable<Finding> OldKeys(KeyReport report) =>
        from key in report.Given.Skip(1)
        let values = report.Under(key)
        where values > 0
        select new Finding(
            "key-in-use", Severity.Information, $"key {key}",
            $"{Values(values, "are")} encrypted with the key {key}, which is not the first.")
        {
            Mend = Rotate,
        };

    private static IEnumerable<Finding> UnusedKeys(KeyReport report) =>
        from key in report.Given
        where report.Under(key) == 0 && report.NotVisible.Count == 0
        select new Finding("key-unused", Severity.Information, $"key {key}", $"No value is encrypted with the key {key}.")
        {
            Mend = key == report.Given[0] ? null : "Remove the key once no service has it at the front of its list.",
        };

    private static IEnumerable<Finding> NotVisible(KeyReport report) =>
        from column in report.NotVisible
        select new Finding("column-not-visible", Severity.Warning, column, $"The role may not read {column}: its values were left out.")
        {
            Cost = "Whether a key is still needed is not known.",
            Mend = "Run as the services' role, as the owner of the tables or as a superuser.",
        };

    private static string Because(UnreadableReason reason) => reason switch
    {
        UnreadableReason.Changed => "changed, restored or moved, or the row has another owner",
        UnreadableReason.WithoutVersion => "the version beside the value is missing",
        UnreadableReason.NotAccepted => "a form that is not accepted",
        _ => "a form that this version does not know",
    };

    private static string Values(long number, string verb, string? column = null) => number == 1
        ? $"1 value{Of(column)} {verb switch { "name" => "names", "do" => "does", "are" => "is", "have" => "has", _ => verb }}"
        : $"{Figures.Number((double)number)} values{Of(column)} {verb}";

    private static string Of(string? column) => column is null ? "" : $" of {column}";
}
