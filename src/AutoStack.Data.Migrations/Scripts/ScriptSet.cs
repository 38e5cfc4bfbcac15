using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations;

/// <summary>
/// Numbered scripts of one subject, with a line of versions of their own in the journal: the core schema, an optional feature of this
/// package, or the tables of a service.
/// </summary>
public sealed partial class ScriptSet
{
    /// <summary>The name of the set that every database has: the scripts of this package.</summary>
    public const string CoreName = "core";

    private const string Features = "features/";

    private static readonly Lazy<ScriptSet> EmbeddedCore = new(() => new ScriptSet(
        CoreName, ScriptSetKind.Core, MigrationScript.Load(Embedded("").Where(f => !f.Key.Contains('/', StringComparison.Ordinal))), []));

    private static readonly Lazy<IReadOnlyList<ScriptSet>> EmbeddedFeatures = new(LoadFeatures);

    private ScriptSet(
        string name, ScriptSetKind kind, IReadOnlyList<MigrationScript> scripts, IReadOnlyList<MigrationScript> repeatables) =>
        (Name, Kind, Scripts, Repeatables) = (name, kind, scripts, repeatables);

    /// <summary>The name, for example <c>billing</c>.</summary>
    public string Name { get; }

    /// <summary>Where the set comes from.</summary>
    public ScriptSetKind Kind { get; }

    /// <summary>The numbered scripts, version 1 first.</summary>
    public IReadOnlyList<MigrationScript> Scripts { get; }

    /// <summary>The scripts that run when their text has changed, after the numbered ones, in this order; empty for most sets.</summary>
    public IReadOnlyList<MigrationScript> Repeatables { get; }

    /// <summary>The scripts of this package.</summary>
    internal static ScriptSet Core => EmbeddedCore.Value;

    /// <summary>The optional features of this package, by name.</summary>
    internal static IReadOnlyList<ScriptSet> BuiltInFeatures => EmbeddedFeatures.Value;

    /// <summary>What a feature does, in one line: the first comment of its first script. Empty for other sets.</summary>
    internal string Description { get; private init; } = "";

    /// <summary>The objects of a feature, version by version, beside those of the core; null without an expected catalog.</summary>
    internal string? ExpectedCatalog { get; private init; }

    /// <summary>Reads the set of a service from a folder.</summary>
    /// <param name="name">The name of the set: lower-case words joined by hyphens, for example <c>billing</c>.</param>
    /// <param name="path">
    /// The folder of the scripts <c>NNNN_verb_object.sql</c>, each with its down script, and <c>R__name.sql</c>. The folder may have other
    /// files; it has no scripts in folders below.
    /// </param>
    /// <returns>The set.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="name"/> is not a name of a set, or belongs to a set of this package; <paramref name="path"/> is empty.
    /// </exception>
    /// <exception cref="DirectoryNotFoundException">The folder does not exist.</exception>
    /// <exception cref="FormatException">
    /// The folder has no script, a number is missing or used twice, half of a pair is missing, or a name or header is wrong. The message
    /// names the file.
    /// </exception>
    public static ScriptSet FromDirectory(string name, string path)
    {
        RefuseName(name);
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        if (!Directory.Exists(path))
        {
            throw new DirectoryNotFoundException($"The folder {path} of the script set {name} does not exist.");
        }

        var files = Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Where(file => file.EndsWith(".sql", StringComparison.OrdinalIgnoreCase)).ToList();
        if (files.Find(file => Path.GetDirectoryName(Path.GetRelativePath(path, file)) is { Length: > 0 }) is { } below)
        {
            throw new FormatException(
                $"{name}: {Path.GetRelativePath(path, below)} is in a folder below that of the set, where no script runs. Move it.");
        }

        return Create(name, ScriptSetKind.Service, files.Select(file =>
            KeyValuePair.Create(Path.GetFileName(file), File.ReadAllText(file, Encoding.UTF8))), $"The folder {path}");
    }

    /// <summary>Reads the set of a service from the embedded resources of an assembly.</summary>
    /// <param name="name">The name of the set: lower-case words joined by hyphens, for example <c>billing</c>.</param>
    /// <param name="assembly">The assembly.</param>
    /// <param name="prefix">
    /// What the names of the resources have before the file name, for example <c>Billing.Database.</c> for
    /// <c>Billing.Database.0001_create_invoices.sql</c>.
    /// </param>
    /// <returns>The set.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a name of a set, or belongs to one of this package.</exception>
    /// <exception cref="FormatException">
    /// No resource has the prefix, a number is missing or used twice, half of a pair is missing, or a name or header is wrong. The message
    /// names the file.
    /// </exception>
    public static ScriptSet FromAssembly(string name, Assembly assembly, string prefix)
    {
        RefuseName(name);
        ArgumentNullException.ThrowIfNull(assembly);
        ArgumentNullException.ThrowIfNull(prefix);
        return Create(name, ScriptSetKind.Service, Read(assembly, prefix), $"{assembly.GetName().Name} with the prefix '{prefix}'");
    }

    /// <summary>The core of a test: other scripts in place of the package's own.</summary>
    internal static ScriptSet OfCore(IReadOnlyList<MigrationScript> scripts) => ReferenceEquals(scripts, Core.Scripts) ? Core
        : new ScriptSet(CoreName, ScriptSetKind.Core, scripts, []);

    /// <summary>A feature: its scripts, and the catalog that they create version by version.</summary>
    internal static ScriptSet Feature(string name, IEnumerable<KeyValuePair<string, string>> files, string? expectedCatalog)
    {
        var set = Create(name, ScriptSetKind.Feature, files, $"The feature {name}");
        var text = set.Scripts[0].Up.Sql.Split('\n')
            .FirstOrDefault(line => line.StartsWith("-- ", StringComparison.Ordinal) && !MigrationStep.IsHeader(line)) ?? "";
        return new ScriptSet(name, set.Kind, set.Scripts, set.Repeatables)
        {
            Description = text.TrimStart('-', ' '),
            ExpectedCatalog = expectedCatalog,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static void RefuseName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (!SetName().IsMatch(name) || name.Length > 40)
        {
            throw new ArgumentException(
                "The name of a script set is made of at most 40 lower-case letters, digits and single hyphens, and begins with a letter: " +
                $"billing, team-reports. '{name}' is not.", nameof(name));
        }

        if (name == CoreName || BuiltInFeatures.Any(feature => feature.Name == name))
        {
            throw new ArgumentException(
                $"The name {name} belongs to a script set of AutoStack.Data: give the set of the service another name.", nameof(name));
        }
    }

    private static ScriptSet Create(string name, ScriptSetKind kind, IEnumerable<KeyValuePair<string, string>> files, string place)
    {
        var all = files.OrderBy(file => file.Key, StringComparer.Ordinal)
            .ToLookup(file => file.Key.StartsWith("R__", StringComparison.Ordinal));
        if (all.Count == 0)
        {
            throw new FormatException($"{name}: {place} has no script. A script is called NNNN_verb_object.sql, the first one 0001.");
        }

        if (all[true].Select(file => file.Key).FirstOrDefault(file => !RepeatableName().IsMatch(file)) is { } odd)
        {
            throw new FormatException(odd.EndsWith(".down.sql", StringComparison.Ordinal)
                ? $"{name}/{odd}: a repeatable script has no down script."
                : $"{name}/{odd}: name a repeatable script R__name.sql, in lower-case words joined by _.");
        }

        return new ScriptSet(name, kind, MigrationScript.Load(name, all[false]),
            [.. all[true].Select(file => MigrationScript.Repeatable(name, file.Key[..^".sql".Length], file.Value))]);
    }

    private static IReadOnlyList<ScriptSet> LoadFeatures() =>
    [
        .. Embedded(Features).GroupBy(file => file.Key[..file.Key.IndexOf('/', StringComparison.Ordinal)])
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => Feature(
                group.Key,
                group.Select(file => KeyValuePair.Create(file.Key[(group.Key.Length + 1)..], file.Value)),
                Read(typeof(ScriptSet).Assembly, $"{Features}{group.Key}/", ".txt").Select(file => file.Value).FirstOrDefault())),
    ];

    private static IEnumerable<KeyValuePair<string, string>> Embedded(string prefix) => Read(typeof(ScriptSet).Assembly, prefix);

    private static IEnumerable<KeyValuePair<string, string>> Read(Assembly assembly, string prefix, string extension = ".sql") =>
        assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && name.EndsWith(extension, StringComparison.Ordinal))
            .Select(name =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!, Encoding.UTF8);
                return KeyValuePair.Create(name[prefix.Length..], reader.ReadToEnd());
            });

    [GeneratedRegex(@"^[a-z][a-z0-9]*(-[a-z0-9]+)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex SetName();

    [GeneratedRegex(@"^R__[a-z0-9]+(_[a-z0-9]+)*\.sql\z", RegexOptions.CultureInvariant)]
    private static partial Regex RepeatableName();
}

/// <summary>Where a script set comes from.</summary>
public enum ScriptSetKind
{
    /// <summary>The scripts of this package, which every database has.</summary>
    Core,

    /// <summary>An optional feature of this package.</summary>
    Feature,

    /// <summary>The scripts of a service.</summary>
    Service,

    /// <summary>The journal has the set, and its scripts were not given.</summary>
    NotGiven,
}
