using System.Globalization;
using System.Security.Cryptography;

namespace AutoStack.Data.Archives;

/// <summary>
/// The names of archives and their objects: the partition, the time, and eight random digits, so that no two archives have the same name.
/// </summary>
internal static class ArchiveNames
{
    private const string ManifestEnd = ".json";
    private const string TimeForm = "yyyyMMdd'T'HHmmss'Z'";
    private const int RandomLength = 8;

    public static string New(string partition, DateTimeOffset at)
    {
        var time = at.UtcDateTime.ToString(TimeForm, CultureInfo.InvariantCulture);
        return $"{partition}-{time}-{RandomNumberGenerator.GetHexString(RandomLength, lowercase: true)}";
    }

    /// <summary>The object with the rows.</summary>
    public static string Data(string archive, ArchiveFormat format) => archive + EndOf(format);

    /// <summary>The object with the manifest.</summary>
    public static string Manifest(string archive) => archive + ManifestEnd;

    /// <summary>Whether a text may be the name of an archive.</summary>
    public static bool IsName(string? archive) => archive is not null && FolderArchiveStore.IsName(Manifest(archive));

    /// <summary>The archive of a manifest; null for another object.</summary>
    public static string? OfManifest(string name) => Without(name, ManifestEnd);

    /// <summary>The archive of an object with rows; null for another object.</summary>
    public static string? OfData(string name, ArchiveFormat format) => Without(name, EndOf(format));

    /// <summary>Whether an archive is of a partition.</summary>
    public static bool IsOf(string archive, string partition) => archive.StartsWith($"{partition}-", StringComparison.Ordinal);

    /// <summary>The time in the name of an archive; null for a name of another form.</summary>
    public static DateTimeOffset? TimeOf(string archive) =>
        archive.Split('-') is [.., var time, { Length: RandomLength }]
        && DateTimeOffset.TryParseExact(
            time, TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var found) ? found : null;

    private static string EndOf(ArchiveFormat format) => $".{format.Name}";

    private static string? Without(string name, string end) =>
        name.EndsWith(end, StringComparison.Ordinal) && name.Length > end.Length ? name[..^end.Length] : null;
}
