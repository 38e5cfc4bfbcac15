using System.Text.RegularExpressions;

namespace AutoStack.Data.Archives;

/// <summary>
/// How rows are stored in the file of an archive: <see cref="Csv"/>, one of a package such as <c>AutoStack.Data.Parquet</c>, or one of your
/// own. A format turns the text of PostgreSQL's COPY into a file, and the file into the same text, byte for byte: an archive whose text
/// reads back with another hash is refused.
/// </summary>
public abstract partial class ArchiveFormat
{
    /// <summary>CSV, compressed by gzip: the format when <see cref="AutoStackDataOptions.ArchiveFormats"/> is empty.</summary>
    public static ArchiveFormat Csv { get; } = new CsvFormat();

    /// <summary>
    /// The name, which manifests store and with which the name of the file ends, for example <c>csv.gz</c>: lower-case letters, digits and
    /// <c>.</c>, at most 20, beginning with a letter; not <c>json</c>, with which the names of manifests end.
    /// </summary>
    public abstract string Name { get; }

    /// <summary>The compression within the file, which manifests store, for example <c>gzip</c>.</summary>
    public abstract string Compression { get; }

    /// <summary>
    /// Whether <see cref="OpenRead"/> needs a stream that can seek. The hash of the whole file is then compared before the call, and a file
    /// that the store returns as a stream of one direction is copied to a temporary file. False by default.
    /// </summary>
    public virtual bool ReadsBySeeking => false;

    /// <summary>Creates a stream that receives the text, which is CSV with a header in UTF-8, and writes the file.</summary>
    /// <param name="file">The file, which is written from its beginning to its end, and stays open.</param>
    /// <param name="columns">The columns, in the order of the text.</param>
    /// <returns>The stream. Disposing it completes the file.</returns>
    public abstract Stream OpenWrite(Stream file, IReadOnlyList<ArchiveColumn> columns);

    /// <summary>Creates a stream that reads the file and returns the text which <see cref="OpenWrite"/> received.</summary>
    /// <param name="file">The file at its beginning; it stays open.</param>
    /// <param name="columns">The columns, as the manifest names them.</param>
    /// <returns>The stream. It throws <see cref="InvalidDataException"/> for a file that is not of the format.</returns>
    public abstract Stream OpenRead(Stream file, IReadOnlyList<ArchiveColumn> columns);

    /// <summary>Whether a text may be the name of a format.</summary>
    internal static bool IsName(string? name) => name is not null && Allowed().IsMatch(name);

    [GeneratedRegex(@"^(?!json\z)[a-z][a-z0-9.]{0,19}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Allowed();
}
