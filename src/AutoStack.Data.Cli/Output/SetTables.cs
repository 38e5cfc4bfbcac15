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
        var table = new Table().NoBorder();
        table.AddColumn("version", c => c.RightAligned().NoWrap().PadLeft(0));
        table.AddColumn("name");
        table.AddColumn("state", c => c.NoWrap());
        table.AddColumn("applied (UTC)", c => c.NoWrap());
        table.AddColumn("duration", c => c.RightAligned().NoWrap());
        table.AddColumn("checksum", c => c.NoWrap().PadRight(0));
        foreach (var version in history.Sets.SelectMany(set => set.Versions))
        {
            table.AddRow(
                new Text(version.Version == 0 ? "" : version.Version.ToString(CultureInfo.InvariantCulture)),
                new Text(Named(version)),
                new Text(Word(version), new Style(Colour(version.State))),
                new Text(version.AppliedAt?.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? ""),
                new Text(version.Duration is { } duration ? Screen.Duration(duration) : ""),
                new Text(version.Checksum[..Math.Min(12, version.Checksum.Length)]));
        }

        output.Write(table);
    }

    /// <summary>Every optional feature.</summary>
    public static void Write(IAnsiConsole output, IReadOnlyList<FeatureStatus> features)
    {
        if (features.Count == 0)
        {
            output.WriteLine("This version has no optional feature.");
            return;
        }

        var table = new Table().NoBorder();
        table.AddColumn("feature", c => c.NoWrap().PadLeft(0));
        table.AddColumn("state", c => c.NoWrap());
        table.AddColumn("what it does", c => c.PadRight(0));
        foreach (var feature in features)
        {
            var state = FormattableString.Invariant($"enabled, version {feature.CurrentVersion} of {feature.HeadVersion}");
            table.AddRow(
                new Text(feature.Name),
                new Text(feature.IsEnabled ? state : "not enabled", new Style(feature.IsEnabled ? Color.Green : Color.Default)),
                new Text(feature.Description));
        }

        output.Write(table);
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
