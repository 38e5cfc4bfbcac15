using System.Globalization;

namespace AutoStack.Data.Monitoring;

/// <summary>What the rules of an examination look at.</summary>
internal sealed record DoctorFacts
{
    public required DatabaseStats Stats { get; init; }

    public required DoctorOptions Options { get; init; }

    /// <summary>What the role could not see.</summary>
    public IReadOnlyList<NotVisible> NotVisible { get; init; } = [];

    /// <summary>The server's settings by name, as sessions get them that set nothing.</summary>
    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    /// <summary>Settings of the database, of roles, and of roles in the database.</summary>
    public required IReadOnlyList<PlacedSetting> Placed { get; init; }

    /// <summary>
    /// The roles of the services: they log in, are no superuser, and may queue deployments. A role that acts as the owner of the tables is
    /// a migrator's.
    /// </summary>
    public required IReadOnlyList<string> ServiceRoles { get; init; }

    public required Rights Rights { get; init; }

    /// <summary>Objects whose collation has another version in the operating system than when their indexes were built.</summary>
    public required IReadOnlyList<StaleCollation> StaleCollations { get; init; }

    public required IReadOnlyList<SequenceFact> Sequences { get; init; }

    /// <summary>The installed extensions, and the versions that the server has of them.</summary>
    public required IReadOnlyList<ExtensionFact> Extensions { get; init; }

    public required IReadOnlyList<TableFact> Tables { get; init; }

    /// <summary>Receivers that a commit waits for; null when the role may not see.</summary>
    public int? SynchronousStandbys => Stats.Replication?.Standbys is { } standbys && standbys.All(s => s.State is not null)
        ? standbys.Count(s => s.SyncState is "sync" or "quorum") : null;

    /// <summary>A setting of the server; the empty text when the server does not know or show it.</summary>
    public string Value(string name) => Settings.GetValueOrDefault(name)?.Value ?? "";

    /// <summary>A number among the settings, in the setting's own unit; null when the server does not know or show it.</summary>
    public long? Number(string name) =>
        long.TryParse(Value(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;

    /// <summary>A duration as sessions of a role in this database begin with it, in milliseconds; null when it is not known.</summary>
    public double? Milliseconds(string name, string role) =>
        InForce(name, role) is { } placed ? Duration(placed.Value) : Number(name);

    /// <summary>The setting as sessions of a role in this database begin with it, and where it is made.</summary>
    public (string Value, PlacedSetting? Place) Effective(string name, string role) =>
        InForce(name, role) is { } placed ? (placed.Value, placed) : (Value(name), null);

    // The server takes that of the role in the database, then that of the role, then that of the database.
    private PlacedSetting? InForce(string name, string role) => Placed
        .Where(setting => setting.Name == name && (setting.Role is null || setting.Role == role))
        .OrderByDescending(setting => (setting.Role is null ? 0 : 2) + (setting.IsEverywhere ? 0 : 1))
        .FirstOrDefault();

    private static double? Duration(string text)
    {
        var digits = text.Trim().TakeWhile(c => char.IsAsciiDigit(c) || c is '.' or '-').Count();
        var trimmed = text.Trim();
        return double.TryParse(trimmed[..digits], NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number * (trimmed[digits..].Trim() switch
            {
                "us" => 0.001,
                "s" => 1_000,
                "min" => 60_000,
                "h" => 3_600_000,
                "d" => 86_400_000,
                _ => 1,
            })
            : null;
    }
}

/// <summary>A setting of the server.</summary>
internal sealed record Setting(string Name, string Value, string Source);

/// <summary>A setting of a role, a database, or both.</summary>
/// <param name="Role">The role; null for every role.</param>
/// <param name="IsEverywhere">True for every database.</param>
/// <param name="Alter">The beginning of the statement that changes it.</param>
/// <param name="Name">The setting.</param>
/// <param name="Value">Its value as it was written.</param>
internal sealed record PlacedSetting(string? Role, bool IsEverywhere, string Alter, string Name, string Value);

/// <summary>Encoding, owner and PUBLIC's rights of the database.</summary>
internal sealed record Rights(
    string Encoding, string QuotedDatabase, bool PublicCreates, bool PublicConnects, bool PublicTemp, string? TableOwner,
    bool OwnerLogsIn);

/// <summary>A collation whose version changed.</summary>
internal sealed record StaleCollation(string Subject, string Recorded, string Actual, string Refresh);

/// <summary>A sequence and the largest value that it, or the column that it fills, can hold.</summary>
internal sealed record SequenceFact(string Name, long Last, long Largest);

/// <summary>An installed extension.</summary>
internal sealed record ExtensionFact(string Name, string QuotedName, string Installed, string? Available);

/// <summary>A table with the rows that its statistics tell, −1 for never analyzed, and its storage parameters.</summary>
internal sealed record TableFact(string Name, string QuotedName, double Rows, bool IsUnlogged, IReadOnlyList<string> Parameters)
{
    public string? Parameter(string name) =>
        Parameters.FirstOrDefault(p => p.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
}
