using System.Text.Json.Serialization;

namespace AutoStack.Data.Archives;

/// <summary>What an archive contains: the description that is stored beside the rows, and last.</summary>
public sealed record ArchiveManifest
{
    /// <summary>The version of manifests that this library writes and reads.</summary>
    public const int CurrentFormatVersion = 1;

    /// <summary>The version of the manifest; a reader refuses a version that it does not know.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>The name of the archive.</summary>
    public required string Name { get; init; }

    /// <summary>The table, for example <c>deployment_logs</c>.</summary>
    public required string Table { get; init; }

    /// <summary>The partition, for example <c>deployment_logs_p20261201</c>.</summary>
    public required string Partition { get; init; }

    /// <summary>The start of the partition's period.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>The end of the partition's period, exclusive.</summary>
    public required DateTimeOffset Until { get; init; }

    /// <summary>The columns, in the order of the file.</summary>
    public required IReadOnlyList<ArchiveColumn> Columns { get; init; }

    /// <summary>The number of rows.</summary>
    public required long Rows { get; init; }

    /// <summary>A hash of all rows that does not depend on their order, by which the partition is compared before it is dropped.</summary>
    public required string Content { get; init; }

    /// <summary>The format of the file with the rows, such as <c>parquet</c>; null for <see cref="ArchiveFormat.Csv"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Format { get; init; }

    /// <summary>The compression of the file: <c>gzip</c> for CSV.</summary>
    public required string Compression { get; init; }

    /// <summary>The form of the rows as text, in the words of PostgreSQL's COPY. A file of any format reads back as this text.</summary>
    public required string Options { get; init; }

    /// <summary>The order of the rows.</summary>
    public required string Order { get; init; }

    /// <summary>The size of the file.</summary>
    public required long Bytes { get; init; }

    /// <summary>The SHA-256 of the file, in hexadecimal digits.</summary>
    public required string Sha256 { get; init; }

    /// <summary>The size of the text.</summary>
    public required long PlainBytes { get; init; }

    /// <summary>The SHA-256 of the text, in hexadecimal digits.</summary>
    public required string PlainSha256 { get; init; }

    /// <summary>The version of the schema.</summary>
    public required long SchemaVersion { get; init; }

    /// <summary>The version of the server.</summary>
    public required string ServerVersion { get; init; }

    /// <summary>When the archive was made, by the clock of the database.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The SHA-256 of the manifest itself without this value.</summary>
    public required string Checksum { get; init; }
}

/// <summary>A column of an archive.</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">The type, in PostgreSQL's words: <c>character varying(20)</c>.</param>
public sealed record ArchiveColumn(string Name, string Type);
