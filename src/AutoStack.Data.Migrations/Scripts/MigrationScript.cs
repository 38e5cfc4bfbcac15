using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations;

/// <summary>One version of the schema: the script that applies it and the one that reverts it.</summary>
public sealed partial class MigrationScript
{
    private MigrationScript(int version, string name, string sql, string downSql)
    {
        Version = version;
        Name = name;
        Up = new MigrationStep(name + ".sql", sql);
        Down = new MigrationStep(name + ".down.sql", downSql);
        Checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Up.Sql)));
    }

    private MigrationScript(MigrationStep step)
    {
        Name = step.FileName;
        Up = Down = step;
        Checksum = "";
    }

    /// <summary>The number of the version, from 1 without gaps.</summary>
    public int Version { get; }

    /// <summary>The file name without its extension, for example <c>0001_initial_schema</c>.</summary>
    public string Name { get; }

    /// <summary>SHA-256 of the up script with LF line ends, in lower-case hexadecimal. The journal stores it.</summary>
    public string Checksum { get; }

    /// <summary>Brings the schema from the previous version to this one.</summary>
    public MigrationStep Up { get; }

    /// <summary>Reverts the schema to the previous version.</summary>
    public MigrationStep Down { get; }

    /// <summary>Pairs up and down scripts into versions.</summary>
    /// <param name="files">File name and text of each script, up and down, in any order.</param>
    /// <returns>The versions in order, 1 first.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="files"/> is null.</exception>
    /// <exception cref="FormatException">
    /// A name is not <c>NNNN_verb_object.sql</c>, a number is missing or used twice, a down script is missing, or a header has an unknown
    /// setting. The message names the file.
    /// </exception>
    public static IReadOnlyList<MigrationScript> Load(IEnumerable<KeyValuePair<string, string>> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (file, text) in files)
        {
            if (!FileName().IsMatch(file))
            {
                throw new FormatException($"{file}: name a script NNNN_verb_object.sql or NNNN_verb_object.down.sql.");
            }

            texts.Add(file, WithLineFeeds(text));
        }

        var scripts = new List<MigrationScript>();
        foreach (var (file, text) in texts.Where(t => !t.Key.EndsWith(".down.sql", StringComparison.Ordinal)).ToList())
        {
            var name = file[..^".sql".Length];
            var version = int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture);
            if (version != scripts.Count + 1)
            {
                throw new FormatException(version == scripts.Count && version > 0
                    ? $"{file}: version {version} is already taken by {scripts[^1].Name}."
                    : $"{file}: version {scripts.Count + 1} is missing before it.");
            }

            if (!texts.Remove(name + ".down.sql", out var downText))
            {
                throw new FormatException($"{file}: its down script {name}.down.sql is missing.");
            }

            scripts.Add(new MigrationScript(version, name, text, downText));
        }

        var orphan = texts.Keys.FirstOrDefault(file => file.EndsWith(".down.sql", StringComparison.Ordinal));
        return orphan is null ? scripts : throw new FormatException($"{orphan}: its up script is missing.");
    }

    // Not ReplaceLineEndings: a form feed or U+2028 in a literal is not a line end.
    internal static string WithLineFeeds(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    /// <summary>The scripts of this package, version 1 first.</summary>
    internal static IReadOnlyList<MigrationScript> Embedded { get; } = LoadEmbedded();

    private static IReadOnlyList<MigrationScript> LoadEmbedded()
    {
        var assembly = typeof(MigrationScript).Assembly;
        return Load(assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal))
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
                return KeyValuePair.Create(name, reader.ReadToEnd());
            }));
    }

    /// <summary>A step of an adoption: version 0, which the journal does not record.</summary>
    internal static MigrationScript Unversioned(MigrationStep step) => new(step);

    /// <inheritdoc/>
    public override string ToString() => Name;

    [GeneratedRegex(@"^\d{4}_[a-z0-9]+(_[a-z0-9]+)*(\.down)?\.sql$", RegexOptions.CultureInvariant)]
    private static partial Regex FileName();
}
