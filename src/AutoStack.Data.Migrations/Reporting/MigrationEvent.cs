namespace AutoStack.Data.Migrations;

/// <summary>Progress of a running migration.</summary>
public abstract record MigrationEvent
{
    private protected MigrationEvent()
    {
    }
}

/// <summary>The server is not up yet; reported once, when the wait begins.</summary>
/// <param name="Server">Host, port and database.</param>
/// <param name="Reason">Why the connection failed.</param>
public sealed record WaitingForServer(string Server, string Reason) : MigrationEvent;

/// <summary>Another migrator holds the lock; reported when the wait begins and every few seconds.</summary>
/// <param name="Holder">The holder: process id, application, role, address; null when the server does not report it.</param>
/// <param name="Waited">The time waited so far.</param>
public sealed record WaitingForLock(string? Holder, TimeSpan Waited) : MigrationEvent;

/// <summary>The lock is acquired and the plan is made.</summary>
/// <param name="FromVersion">The current version of the first set; 0 for none.</param>
/// <param name="ToVersion">The version of the first set to reach.</param>
/// <param name="StepCount">The number of scripts that will run, of all sets.</param>
public sealed record MigrationPlanned(int FromVersion, int ToVersion, int StepCount) : MigrationEvent
{
    /// <summary>The versions of each set; the first one is that of the other members.</summary>
    public IReadOnlyList<SetVersions> Sets { get; init; } = [new(ScriptSet.CoreName, FromVersion, ToVersion)];
}

/// <summary>A script starts.</summary>
/// <param name="Version">The version of the script.</param>
/// <param name="FileName">The file of the script.</param>
public sealed record StepStarted(int Version, string FileName) : MigrationEvent
{
    /// <summary>The name of the script set.</summary>
    public string Set { get; init; } = ScriptSet.CoreName;
}

/// <summary>A script waits for other transactions; reported every few seconds of one wait.</summary>
/// <param name="FileName">The file of the script.</param>
/// <param name="Waited">The time waited so far.</param>
/// <param name="Blockers">The sessions it waits for, the longest transaction first.</param>
public sealed record StepWaiting(string FileName, TimeSpan Waited, IReadOnlyList<Blocker> Blockers) : MigrationEvent;

/// <summary>A script did not get a lock in time and was rolled back; the migrator will retry it.</summary>
/// <param name="FileName">The file of the script.</param>
/// <param name="Attempt">The attempt that failed, from 1.</param>
/// <param name="Delay">The pause before the next attempt.</param>
/// <param name="Blockers">
/// The sessions that blocked the script, the longest transaction first; empty when the server did not report them in time.
/// </param>
public sealed record StepRetrying(string FileName, int Attempt, TimeSpan Delay, IReadOnlyList<Blocker> Blockers) : MigrationEvent;

/// <summary>A script and its journal row are committed.</summary>
/// <param name="Step">The script and its duration.</param>
public sealed record StepFinished(AppliedStep Step) : MigrationEvent;

/// <summary>An adoption has brought the database to the shape of a version and recorded that version.</summary>
/// <param name="Version">The version of the database now.</param>
public sealed record VersionStamped(int Version) : MigrationEvent;

/// <summary>A script was rehearsed and will be rolled back.</summary>
/// <param name="Step">The script and how it ran.</param>
public sealed record StepRehearsed(RehearsedStep Step) : MigrationEvent;
