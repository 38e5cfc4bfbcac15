using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AutoStack.Data.Archives;

/// <summary>Writes and reads manifests. A manifest that was changed is refused: it has a checksum of itself.</summary>
internal static partial class ManifestJson
{
    /// <summary>The largest manifest that is read.</summary>
    private const int MaxBytes = 1 << 20;

    private static readonly Serializer Json = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
    });

    /// <summary>The manifest with its checksum, as it is stored.</summary>
    public static (ArchiveManifest Manifest, byte[] Text) Write(ArchiveManifest manifest)
    {
        var sealedOne = manifest with { Checksum = ChecksumOf(manifest) };
        return (sealedOne, Serialize(sealedOne));
    }

    /// <summary>Reads the manifest of an archive.</summary>
    /// <exception cref="ArchiveException">The text is not the manifest of this archive.</exception>
    public static async Task<ArchiveManifest> ReadAsync(string archive, Stream stream, CancellationToken cancellationToken)
    {
        using var text = new MemoryStream();
        var buffer = new byte[16 << 10];
        while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            text.Write(buffer, 0, read);
            if (text.Length > MaxBytes)
            {
                throw Wrong(archive, "is larger than a manifest can be");
            }
        }

        ArchiveManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize(text.ToArray(), Json.ArchiveManifest);
        }
        catch (JsonException exception)
        {
            throw Wrong(archive, "is not a manifest", exception);
        }

        return manifest is null ? throw Wrong(archive, "is not a manifest")
            : manifest.FormatVersion != ArchiveManifest.CurrentFormatVersion
                ? throw Wrong(
                    archive, $"has the version {manifest.FormatVersion}; this library reads {ArchiveManifest.CurrentFormatVersion}")
            : manifest.Checksum != ChecksumOf(manifest) ? throw Wrong(archive, "was changed: its checksum does not fit")
            : manifest.Name != archive ? throw Wrong(archive, "is that of another archive")
            : manifest.Format is { } format && !ArchiveFormat.IsName(format)
                ? throw Wrong(archive, "names a format that cannot exist")
            : manifest;
    }

    private static ArchiveException Wrong(string archive, string what, Exception? cause = null) =>
        new($"The manifest of {archive} {what}.", cause);

    private static string ChecksumOf(ArchiveManifest manifest) =>
        Convert.ToHexStringLower(SHA256.HashData(Serialize(manifest with { Checksum = "" })));

    private static byte[] Serialize(ArchiveManifest manifest) => JsonSerializer.SerializeToUtf8Bytes(manifest, Json.ArchiveManifest);

    [JsonSerializable(typeof(ArchiveManifest))]
    private sealed partial class Serializer : JsonSerializerContext;
}
