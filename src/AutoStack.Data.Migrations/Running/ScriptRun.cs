using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Applies scripts one after another and keeps the result so far.</summary>
/// <param name="runner">Runs one script.</param>
/// <param name="sets">The versions of each set before the run; the first one is that of the result.</param>
/// <param name="up">True for up scripts.</param>
internal sealed class ScriptRun(ScriptRunner runner, IReadOnlyList<SetVersions> sets, bool up)
{
    private readonly List<AppliedStep> steps = [];
    private readonly Dictionary<string, int> reached = [];

    public MigrationResult Result
    {
        get
        {
            List<SetVersions> now = [.. sets.Select(set => set with { ToVersion = reached.GetValueOrDefault(set.Set, set.FromVersion) })];
            return new MigrationResult(now[0].FromVersion, now[0].ToVersion, [.. steps]) { Sets = now };
        }
    }

    /// <summary>Applies the next script, unless the token is cancelled or the lock is lost.</summary>
    /// <exception cref="MigrationException">
    /// The script failed, or the lock was lost before it; the exception has the result so far.
    /// </exception>
    public async Task ApplyAsync(MigrationScript script, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await runner.EnsureLockAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException exception)
        {
            throw new MigrationException(MigrationError.LockLost,
                $"The session that holds the migration lock ended before {script.Name}. Another migrator may have started. " +
                "Run the command again: it waits for the other one.", exception)
            {
                Result = Result,
            };
        }

        try
        {
            steps.Add(await runner.ApplyAsync(script, up, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is PostgresException or NpgsqlException)
        {
            throw await runner.FindOtherAsync(script, up, exception).ConfigureAwait(false) is { } other
                ? new MigrationException(MigrationError.Locked, other, exception) { Result = Result }
                : runner.Failed(up ? script.Up : script.Down, exception, Result);
        }

        // A step of an adoption has no version.
        if (script.Version > 0)
        {
            reached[script.Set] = up ? script.Version : script.Version - 1;
        }
    }

    /// <summary>Records a version of the core that was reached without a script.</summary>
    public void Reached(int version) => reached[ScriptSet.CoreName] = version;
}
