using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Scripts one after the other, and what they have brought about so far.</summary>
internal sealed class ScriptRun(ScriptRunner runner, int from, bool up)
{
    private readonly List<AppliedStep> steps = [];
    private MigrationReport report = new(from, from, []);

    public MigrationReport Report => report with { Steps = steps };

    /// <summary>The next script, unless the token is cancelled or the lock is lost.</summary>
    /// <exception cref="MigrationException">The script failed, or the lock was lost before it; the report says what was done.</exception>
    public async Task ApplyAsync(MigrationScript script, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            await runner.EnsureLockAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException exception)
        {
            throw new MigrationException(
                MigrationError.NoConnection, $"The session that holds the migration lock was lost before {script.Name}.", exception)
            {
                Report = Report,
            };
        }

        try
        {
            steps.Add(await runner.ApplyAsync(script, up, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception exception) when (exception is PostgresException or NpgsqlException)
        {
            throw runner.Failed(up ? script.Up : script.Down, exception, Report);
        }

        // A step that is no version changes none.
        if (script.Version > 0)
        {
            Reached(up ? script.Version : script.Version - 1);
        }
    }

    /// <summary>Another way than a script has led to a version.</summary>
    public void Reached(int version) => report = report with { ToVersion = version };
}
