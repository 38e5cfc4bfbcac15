using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations;

/// <summary>One version of a script set: the script that applies it and the one that reverts it; or a repeatable script.</summary>
public sealed partial class MigrationScript
{
    private MigrationScript(string set, int version, string name, string sql, string? downSql)
    {
        Set = set;
        Version = version;
        Name = name;
        Up = new MigrationStep($"{Prefix(set)}{name}.sql", sql);
        Down = downSql is null ? Up : new MigrationStep($"{Prefix(set)}{name}.down.sql", downSql);
        IsRepeatable = downSql is null;
        Checksum = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Up.Sql)));
    }

    private MigrationScript(MigrationStep step)
    {
        Set = ScriptSet.CoreName;
        Name = step.FileName;
        Up = Down = step;
        Checksum = "";
    }

    /// <summary>The name of the script set, for example <see cref="ScriptSet.CoreName"/>.</summary>
    public string Set { get; }

    /// <summary>True for a script that runs when its text has changed, after the numbered ones of its set. It has no down script.</summary>
    public bool IsRepeatable { get; }

    /// <summary>The number of the version, from 1 without gaps; 0 for a repeatable script.</summary>
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
        return Load(ScriptSet.CoreName, files);
    }

    /// <summary>Pairs up and down scripts of a set into versions; messages name the set before the file.</summary>
    internal static IReadOnlyList<MigrationScript> Load(string set, IEnumerable<KeyValuePair<string, string>> files)
    {
        var prefix = Prefix(set);
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (file, text) in files)
        {
            if (!FileName().IsMatch(file))
            {
                throw new FormatException($"{prefix}{file}: name a script NNNN_verb_object.sql or NNNN_verb_object.down.sql.");
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
                    ? $"{prefix}{file}: version {version} is already taken by {scripts[^1].Name}."
                    : $"{prefix}{file}: version {scripts.Count + 1} is missing before it.");
            }

            if (!texts.Remove(name + ".down.sql", out var downText))
            {
                throw new FormatException($"{prefix}{file}: its down script {name}.down.sql is missing.");
            }

            scripts.Add(new MigrationScript(set, version, name, text, downText));
        }

        var orphan = texts.Keys.FirstOrDefault(file => file.EndsWith(".down.sql", StringComparison.Ordinal));
        return orphan is null ? scripts : throw new FormatException($"{prefix}{orphan}: its up script is missing.");
    }

    /// <summary>A script without a number, which runs when its text has changed.</summary>
    internal static MigrationScript Repeatable(string set, string name, string text) => new(set, 0, name, WithLineFeeds(text), null);

    // Not ReplaceLineEndings: a form feed or U+2028 in a literal is not a line end.
    internal static string WithLineFeeds(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    /// <summary>The scripts of this package, version 1 first.</summary>
    internal static IReadOnlyList<MigrationScript> Embedded => ScriptSet.Core.Scripts;

    /// <summary>A step of an adoption: version 0, which the journal does not record.</summary>
    internal static MigrationScript Unversioned(MigrationStep step) => new(step);

    /// <summary>False for a step of an adoption.</summary>
    internal bool IsJournaled => Version > 0 || IsRepeatable;

    private static string Prefix(string set) => set == ScriptSet.CoreName ? "" : set + "/";

    /// <inheritdoc/>
    public override string ToString() => Name;

    [GeneratedRegex(@"^[0-9]{4}_[a-z0-9]+(_[a-z0-9]+)*(\.down)?\.sql\z", RegexOptions.CultureInvariant)]
    private static partial Regex FileName();
}
