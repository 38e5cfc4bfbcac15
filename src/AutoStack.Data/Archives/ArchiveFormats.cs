namespace AutoStack.Data.Archives;

/// <summary>The formats of archives that this process reads: those of the options, and CSV.</summary>
/// <param name="given">The formats of the options; empty for CSV only.</param>
internal sealed class ArchiveFormats(IEnumerable<ArchiveFormat> given)
{
    private readonly List<ArchiveFormat> all = [.. given.Append(ArchiveFormat.Csv).DistinctBy(format => format.Name)];

    /// <summary>The format of new archives.</summary>
    public ArchiveFormat New => all[0];

    /// <summary>The format of an archive; null for one that this process does not read.</summary>
    public ArchiveFormat? Find(ArchiveManifest manifest) =>
        all.Find(format => format.Name == (manifest.Format ?? ArchiveFormat.Csv.Name));

    /// <summary>The format of an archive that this process reads.</summary>
    public ArchiveFormat Of(ArchiveManifest manifest) => Find(manifest) ?? throw new ArchiveException(Unknown(manifest));

    /// <summary>The message for a format that this process does not read.</summary>
    public static string Unknown(ArchiveManifest manifest) =>
        $"The format of {manifest.Name} is {manifest.Format}, which is not in AutoStackDataOptions.ArchiveFormats. "
        + "The format parquet is in the package AutoStack.Data.Parquet.";

    /// <summary>The names that the object with the rows of an archive can have.</summary>
    public IEnumerable<string> DataNames(string archive) => all.Select(format => ArchiveNames.Data(archive, format));

    /// <summary>The archive of an object with rows; null for another object.</summary>
    public string? OfData(string name) =>
        all.Select(format => ArchiveNames.OfData(name, format)).FirstOrDefault(found => found is not null);
}
