using System.Globalization;
using System.Text.Json;

namespace AutoStack.Data.Cli.Backups;

/// <summary>The backups of one server, as <c>pgbackrest info --output=json</c> lists them.</summary>
/// <param name="Name">The name of the stanza.</param>
/// <param name="Code">0 when the repository can be read and has a backup; pgBackRest's number otherwise.</param>
/// <param name="Message">The meaning of the code.</param>
/// <param name="IsBackupRunning">Whether a backup is being made.</param>
/// <param name="Archives">The archives, one per major version of the server.</param>
/// <param name="Versions">The major version of the server for each id of <see cref="Backup.Database"/>.</param>
/// <param name="Repositories">The numbers of the repositories.</param>
/// <param name="Backups">The backups, the oldest first.</param>
internal sealed record Stanza(
    string Name,
    int Code,
    string Message,
    bool IsBackupRunning,
    IReadOnlyList<WalArchive> Archives,
    IReadOnlyDictionary<int, string> Versions,
    IReadOnlyList<int> Repositories,
    IReadOnlyList<Backup> Backups)
{
    /// <summary>The backup that ended last; null when there is none.</summary>
    public Backup? Newest => Backups is [.., var newest] ? newest : null;

    /// <exception cref="JsonException">The text is not JSON.</exception>
    /// <exception cref="KeyNotFoundException">A member is missing.</exception>
    public static Stanza Parse(string json, string name)
    {
        using var document = JsonDocument.Parse(json);
        var stanza = document.RootElement.EnumerateArray().First(s => s.GetProperty("name").GetString() == name);
        var status = stanza.GetProperty("status");
        return new Stanza(
            name,
            status.GetProperty("code").GetInt32(),
            status.GetProperty("message").GetString() ?? "",
            status.TryGetProperty("lock", out var locks) && locks.GetProperty("backup").GetProperty("held").GetBoolean(),
            List(stanza, "archive", WalArchive.Of),
            List(stanza, "db", db => (Id: db.GetProperty("id").GetInt32(), Version: db.GetProperty("version").GetString() ?? ""))
                .DistinctBy(db => db.Id).ToDictionary(db => db.Id, db => db.Version),
            List(stanza, "repo", repo => repo.GetProperty("key").GetInt32()),
            [.. List(stanza, "backup", Backup.Of).OrderBy(backup => backup.Stop)]);
    }

    /// <summary>The archive that a backup is recovered from; null when it has no segment.</summary>
    public WalArchive? ArchiveOf(Backup backup) => Archives.LastOrDefault(archive => archive.Database == backup.Database);

    private static IReadOnlyList<T> List<T>(JsonElement of, string name, Func<JsonElement, T> read) =>
        of.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array ? [.. list.EnumerateArray().Select(read)] : [];
}

/// <summary>The write-ahead log in the repository.</summary>
/// <param name="Id">Its folder, for example <c>15-1</c>.</param>
/// <param name="Database">The id of the server's version.</param>
/// <param name="First">The first segment; null when there is none.</param>
/// <param name="Last">The last segment.</param>
internal sealed record WalArchive(string Id, int Database, string? First, string? Last)
{
    public static WalArchive Of(JsonElement archive) => new(
        archive.GetProperty("id").GetString() ?? "",
        archive.GetProperty("database").GetProperty("id").GetInt32(),
        archive.GetProperty("min").GetString(),
        archive.GetProperty("max").GetString());
}

/// <summary>One backup.</summary>
/// <param name="Label">Its name, which ends with F, D or I.</param>
/// <param name="Type">full, diff or incr.</param>
/// <param name="HasErrors">Whether pages of the server were damaged when it was made.</param>
/// <param name="Start">When it began.</param>
/// <param name="Stop">When it ended.</param>
/// <param name="Database">The id of the server's version.</param>
/// <param name="FirstSegment">The segment at its beginning; null for a backup of a stopped server.</param>
/// <param name="LastSegment">The segment at its end.</param>
/// <param name="StartPosition">The position in the write-ahead log at its beginning.</param>
/// <param name="Size">The bytes of the restored server.</param>
/// <param name="RepositorySize">The bytes in the repository, with those of the backups that it builds on.</param>
/// <param name="Annotations">What was written beside it.</param>
internal sealed record Backup(
    string Label,
    string Type,
    bool HasErrors,
    DateTimeOffset Start,
    DateTimeOffset Stop,
    int Database,
    string? FirstSegment,
    string? LastSegment,
    string? StartPosition,
    long Size,
    long RepositorySize,
    IReadOnlyDictionary<string, string> Annotations)
{
    public const string RehearsedKey = "autostack-rehearsed";

    /// <summary>When it was restored and found sound; null when it never was.</summary>
    public DateTimeOffset? Rehearsed =>
        Annotations.TryGetValue(RehearsedKey, out var text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var when) ? when : null;

    public static Backup Of(JsonElement backup)
    {
        var (archive, info, time) = (backup.GetProperty("archive"), backup.GetProperty("info"), backup.GetProperty("timestamp"));
        return new Backup(
            backup.GetProperty("label").GetString() ?? "",
            backup.GetProperty("type").GetString() ?? "",
            backup.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.True,
            DateTimeOffset.FromUnixTimeSeconds(time.GetProperty("start").GetInt64()),
            DateTimeOffset.FromUnixTimeSeconds(time.GetProperty("stop").GetInt64()),
            backup.GetProperty("database").GetProperty("id").GetInt32(),
            archive.GetProperty("start").GetString(),
            archive.GetProperty("stop").GetString(),
            backup.TryGetProperty("lsn", out var lsn) ? lsn.GetProperty("start").GetString() : null,
            info.GetProperty("size").GetInt64(),
            info.GetProperty("repository").TryGetProperty("size", out var size) ? size.GetInt64() : 0,
            backup.TryGetProperty("annotation", out var annotation) && annotation.ValueKind == JsonValueKind.Object
                ? annotation.EnumerateObject().ToDictionary(a => a.Name, a => a.Value.GetString() ?? "") : []);
    }
}
