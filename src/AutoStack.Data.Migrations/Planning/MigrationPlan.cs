using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations;

/// <summary>The scripts that a migration would run, in order; planned by <see cref="SchemaMigrator"/>.</summary>
public sealed class MigrationPlan
{
    /// <summary>Creates a plan, as for a test of a service.</summary>
    /// <param name="isDowngrade">True for a plan that runs down scripts.</param>
    /// <param name="sets">The sets with their versions, at least one.</param>
    /// <param name="scripts">The scripts, in the order of the run; empty when nothing is to run.</param>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="sets"/> is empty.</exception>
    public MigrationPlan(bool isDowngrade, IReadOnlyList<SetVersions> sets, IReadOnlyList<MigrationScript> scripts)
    {
        ArgumentNullException.ThrowIfNull(sets);
        ArgumentNullException.ThrowIfNull(scripts);
        if (sets.Count == 0)
        {
            throw new ArgumentException("sets has at least one set.", nameof(sets));
        }

        IsDowngrade = isDowngrade;
        Sets = sets;
        Scripts = scripts;
    }

    /// <summary>The same plan with what was found in the database.</summary>
    internal MigrationPlan With(
        IReadOnlyList<Obstacle> obstacles, IReadOnlyList<TableLock> locks, IReadOnlyList<TableLock> rehearsalLocks,
        IReadOnlyList<string> unforeseen) => new(IsDowngrade, Sets, Scripts)
        {
            Obstacles = obstacles,
            Locks = locks,
            RehearsalLocks = rehearsalLocks,
            Unforeseen = unforeseen,
            Reason = Reason,
        };

    /// <summary>True when the plan runs down scripts.</summary>
    public bool IsDowngrade { get; }

    /// <summary>The sets of the plan, with their versions now and afterwards; the core first, or the one that was named.</summary>
    public IReadOnlyList<SetVersions> Sets { get; }

    /// <summary>The version of the first set; 0 for none.</summary>
    public int FromVersion => Sets[0].FromVersion;

    /// <summary>The version of the first set after the migration.</summary>
    public int ToVersion => Sets[0].ToVersion;

    /// <summary>
    /// The versions that would be applied or reverted, in the order of the run, and the repeatable scripts; empty when the database has the
    /// target version.
    /// </summary>
    public IReadOnlyList<MigrationScript> Scripts { get; }

    /// <summary>
    /// What would stop the run, in the order of the run; empty when nothing was found, and in a plan that was made without a database. The
    /// migration itself refuses to start for the same reasons (<see cref="MigrationError.Obstacles"/>).
    /// </summary>
    public IReadOnlyList<Obstacle> Obstacles { get; init; } = [];

    /// <summary>The locks that the scripts take on tables that exist already, the strongest first.</summary>
    public IReadOnlyList<TableLock> Locks { get; init; } = [];

    /// <summary>The locks that a rehearsal takes, all at once and until its end: without CONCURRENTLY they are stronger.</summary>
    public IReadOnlyList<TableLock> RehearsalLocks { get; init; } = [];

    /// <summary>
    /// The file names of the scripts that may lock tables besides those of <see cref="Locks"/> and <see cref="RehearsalLocks"/>: code
    /// makes their statements while they run (EXECUTE, CALL, a function), or their names mean other tables than the text shows
    /// (<c>SET search_path</c>). Empty when the text shows every lock, and in a plan that was made without a database.
    /// </summary>
    public IReadOnlyList<string> Unforeseen { get; init; } = [];

    /// <summary>The scripts that would run, in their order.</summary>
    internal IReadOnlyList<MigrationStep> Steps => [.. Scripts.Select(StepOf)];

    /// <summary>Names that are taken, which the comparison of the catalogs has found and the text of the scripts does not show.</summary>
    internal IReadOnlyList<Obstacle> Taken { get; set; } = [];

    /// <summary>Why the plan is made, which a downgrade records in the journal; null when no reason was given.</summary>
    internal string? Reason { get; set; }

    /// <summary>The script that would run for a version of the plan.</summary>
    /// <param name="script">One of <see cref="Scripts"/>.</param>
    /// <returns>The up or the down script.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="script"/> is null.</exception>
    public MigrationStep StepOf(MigrationScript script)
    {
        ArgumentNullException.ThrowIfNull(script);
        return IsDowngrade ? script.Down : script.Up;
    }

    /// <summary>
    /// Renders the plan as a script for <c>psql</c>. The script acquires the migration lock, checks that the database has the
    /// versions of <see cref="Sets"/>, runs every step with its timeouts and records it in the journal, and stops at the first error. The
    /// text contains no connection.
    /// </summary>
    /// <returns>The text, with LF line ends.</returns>
    public string ToPsqlScript() => PsqlScript.Of(this);
}
