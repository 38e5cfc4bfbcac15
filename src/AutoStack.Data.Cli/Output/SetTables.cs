using System.Globalization;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The tables of <c>history</c> and <c>feature list</c>.</summary>
internal static class SetTables
{
    /// <summary>Every version of every set.</summary>
    public static void Write(IAnsiConsole output, SchemaHistory history)
    {
        var grid = new Grid(
            // The name has the number, too.
            new Column("version", Right: true, LeftOut: 2),
            new Column("name"),
            new Column("state"),
            new Column("applied (UTC)", LeftOut: 1),
            new Column("duration", Right: true, LeftOut: 3),
            new Column("checksum", LeftOut: 4));
        foreach (var version in history.Sets.SelectMany(set => set.Versions))
        {
            grid.Add(
                version.Version == 0 ? "" : version.Version.ToString(CultureInfo.InvariantCulture),
                Named(version),
                new Cell(Word(version), Colour(version.State)),
                version.AppliedAt?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "",
                version.Duration is { } duration ? Screen.Duration(duration) : "",
                version.Checksum[..Math.Min(12, version.Checksum.Length)]);
        }

        grid.Write(output);
    }

    /// <summary>Every optional feature.</summary>
    public static void Write(IAnsiConsole output, IReadOnlyList<FeatureStatus> features)
    {
        if (features.Count == 0)
        {
            output.WriteLine("This version has no optional feature.");
            return;
        }

        var grid = new Grid(new Column("feature"), new Column("state"), new Column("what it does", Wraps: true));
        foreach (var feature in features)
        {
            var state = FormattableString.Invariant($"enabled, version {feature.CurrentVersion} of {feature.HeadVersion}");
            grid.Add(
                feature.Name,
                feature.IsEnabled ? new Cell(state, Color.Green) : "not enabled",
                feature.Description);
        }

        grid.Write(output);
    }

    /// <summary>The name of a script, after that of its set unless it is the core.</summary>
    public static string Named(VersionStatus version) =>
        Visible.Text(version.Set == ScriptSet.CoreName ? version.Name : $"{version.Set}/{version.Name}");

    private static string Word(VersionStatus version) => version switch
    {
        { State: VersionState.NotGiven } => "not given",
        { State: VersionState.Applied, IsStamped: true } => "stamped",
        _ => version.State.ToString().ToLowerInvariant(),
    };

    private static Color Colour(VersionState state) => state switch
    {
        VersionState.Applied => Color.Green,
        VersionState.Pending => Color.Yellow,
        VersionState.Retired or VersionState.NotGiven => Color.Default,
        _ => Color.Red,
    };
}
