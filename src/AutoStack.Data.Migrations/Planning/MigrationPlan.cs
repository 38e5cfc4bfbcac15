using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>What a migration would run, in order; made by <see cref="SchemaMigrator"/>.</summary>
public sealed class MigrationPlan
{
    internal MigrationPlan(bool isDowngrade, int currentVersion, IReadOnlyList<MigrationScript> scripts)
    {
        IsDowngrade = isDowngrade;
        FromVersion = currentVersion;
        ToVersion = scripts.Count == 0 ? currentVersion : isDowngrade ? scripts[^1].Version - 1 : scripts[^1].Version;
        Scripts = scripts;
    }

    /// <summary>True when the down scripts would run.</summary>
    public bool IsDowngrade { get; }

    /// <summary>The version of the database, 0 for none.</summary>
    public int FromVersion { get; }

    /// <summary>The version after.</summary>
    public int ToVersion { get; }

    /// <summary>The versions that would be brought about or taken back, in the order of the run; empty when there is nothing to do.</summary>
    public IReadOnlyList<MigrationScript> Scripts { get; }

    /// <summary>The script of one of these versions that would run.</summary>
    /// <param name="script">One of <see cref="Scripts"/>.</param>
    /// <returns>Its up or its down script.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="script"/> is null.</exception>
    public MigrationStep StepOf(MigrationScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        return IsDowngrade ? script.Down : script.Up;
    }

    /// <summary>
    /// The same migration as a script for <c>psql</c>: takes the lock, checks that the database is at <see cref="FromVersion"/>, runs every script
    /// with its timeouts and notes it in the journal. It stops at the first error. Contains no connection.
    /// </summary>
    /// <returns>The text, line ends as LF.</returns>
    public string ToPsqlScript() => PsqlScript.Of(this);
}
