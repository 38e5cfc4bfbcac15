using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Decides which scripts lead a database from its version to a target, or why none may run.</summary>
internal static class MigrationPlanner
{
    /// <summary>Plans against a database. Writes nothing.</summary>
    /// <exception cref="MigrationException">The target cannot be reached from the journal, or the database is not adopted.</exception>
    public static async Task<MigrationPlan> PlanAsync(
        NpgsqlConnection connection,
        IReadOnlyList<MigrationScript> scripts,
        bool up,
        MigrationTarget target,
        CancellationToken cancellationToken)
    {
        var history = await VersionJournal.ReadHistoryAsync(connection, scripts, cancellationToken).ConfigureAwait(false);
        var plan = Plan(history, scripts, up, target);
        if (!up || plan.Scripts.Count == 0)
        {
            return plan;
        }

        if (history.CurrentVersion == 0)
        {
            return await UnjournaledTables.FindAsync(connection, cancellationToken).ConfigureAwait(false) is { } tables
                ? throw new MigrationException(MigrationError.NotAdopted, tables.Message)
                : plan;
        }

        // Scripts other than the package's have no expected catalog.
        if (!ReferenceEquals(scripts, MigrationScript.Embedded))
        {
            return plan;
        }

        var found = await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        return LaterObjects.Find(found, history.CurrentVersion) is { Count: > 0 } later
            ? throw new MigrationException(MigrationError.NotAdopted, LaterObjects.Message(history.CurrentVersion, later))
            : plan;
    }

    /// <summary>Plans without a database: up from an empty one, down from the newest version.</summary>
    public static MigrationPlan PlanOffline(IReadOnlyList<MigrationScript> scripts, bool up, MigrationTarget target)
    {
        var applied = scripts.Select(
            s => new VersionJournal.Entry(s.Version, s.Name, s.Checksum, default, TimeSpan.Zero, AppliedBy: "", ToolVersion: ""));
        return Plan(SchemaHistory.Of(up ? [] : [.. applied], scripts), scripts, up, target);
    }

    /// <summary>Plans from a journal alone.</summary>
    /// <exception cref="MigrationException">The target cannot be reached from the journal.</exception>
    public static MigrationPlan Plan(SchemaHistory history, IReadOnlyList<MigrationScript> scripts, bool up, MigrationTarget target)
    {
        RefuseForeignJournal(history);
        if (history.Versions.FirstOrDefault(v => v.State == VersionState.Pending && v.Version < history.CurrentVersion) is { } missing)
        {
            throw new MigrationException(MigrationError.SchemaNewer,
                $"The journal has version {history.CurrentVersion} but not {missing.Name}. " +
                "Versions are applied in order; the journal was edited by hand.");
        }

        var version = Resolve(target, history);
        if (up ? version < history.CurrentVersion : version > history.CurrentVersion)
        {
            throw new MigrationException(MigrationError.TargetInvalid,
                $"The database is at version {history.CurrentVersion}; to reach {version}, {(up ? "downgrade" : "upgrade")}.");
        }

        return new MigrationPlan(isDowngrade: !up, history.CurrentVersion, up
            ? [.. scripts.Where(s => s.Version > history.CurrentVersion && s.Version <= version)]
            : [.. scripts.Where(s => s.Version <= history.CurrentVersion && s.Version > version).Reverse()]);
    }

    /// <summary>Refuses the journal of a newer package, and one whose scripts are not this package's.</summary>
    /// <exception cref="MigrationException">
    /// <see cref="MigrationError.SchemaNewer"/> or <see cref="MigrationError.ScriptChanged"/>.
    /// </exception>
    public static void RefuseForeignJournal(SchemaHistory history)
    {
        if (history.Versions.FirstOrDefault(v => v.State == VersionState.Unknown) is { } unknown)
        {
            throw new MigrationException(MigrationError.SchemaNewer,
                $"The database is at version {history.CurrentVersion}; this package knows {history.HeadVersion} versions " +
                $"and does not know {unknown.Name}. Use a newer package.");
        }

        if (history.Versions.FirstOrDefault(v => v.State == VersionState.Changed) is { } changed)
        {
            throw new MigrationException(MigrationError.ScriptChanged,
                $"{changed.Name}.sql was changed after it was applied on {changed.AppliedAt:yyyy-MM-dd HH:mm} UTC. " +
                "Restore the released text; write a correction as a new script.");
        }
    }

    /// <summary>Turns a target into a version number; 0 is the base.</summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.TargetInvalid"/>.</exception>
    public static int Resolve(MigrationTarget target, SchemaHistory history)
    {
        var version = target.Resolve(history.CurrentVersion, history.HeadVersion);
        return version >= 0 && version <= history.HeadVersion ? version : throw new MigrationException(MigrationError.TargetInvalid,
            $"There is no version {target}: the database is at {history.CurrentVersion}, " +
            $"versions are 0 (base) to {history.HeadVersion} (head).");
    }
}
