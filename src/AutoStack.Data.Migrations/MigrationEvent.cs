namespace AutoStack.Data.Migrations;

/// <summary>What a running migration tells of itself.</summary>
public abstract record MigrationEvent
{
    private protected MigrationEvent()
    {
    }
}

/// <summary>The server is not up yet; told once, when the wait begins.</summary>
/// <param name="Server">Host, port and database.</param>
/// <param name="Reason">Why there is no connection yet.</param>
public sealed record WaitingForServer(string Server, string Reason) : MigrationEvent;

/// <summary>Another migrator has the lock; told when the wait begins and every few seconds.</summary>
/// <param name="Holder">Who has it: process id, application, role, address; null when the server does not tell.</param>
/// <param name="Waited">The time waited so far.</param>
public sealed record WaitingForLock(string? Holder, TimeSpan Waited) : MigrationEvent;

/// <summary>Every role may create objects in a schema on the search path; reported before the plan.</summary>
/// <param name="Open">The schema, and the statement that ends it.</param>
public sealed record SchemaIsOpen(OpenSchema Open) : MigrationEvent;

/// <summary>The lock is ours and the plan is made.</summary>
/// <param name="FromVersion">The current version, 0 for none.</param>
/// <param name="ToVersion">The version to go to.</param>
/// <param name="StepCount">The number of scripts that will run.</param>
public sealed record MigrationPlanned(int FromVersion, int ToVersion, int StepCount) : MigrationEvent;

/// <summary>The lock is ours and the database to be taken over is recognised; the plan as a migration follows.</summary>
/// <param name="Plan">What was found, and what will be done.</param>
public sealed record AdoptionPlanned(AdoptionPlan Plan) : MigrationEvent;

/// <summary>A script starts.</summary>
/// <param name="Version">Its version.</param>
/// <param name="FileName">Its file.</param>
public sealed record StepStarted(int Version, string FileName) : MigrationEvent;

/// <summary>A script waits for other transactions; told every few seconds of one wait.</summary>
/// <param name="FileName">The script.</param>
/// <param name="Waited">The time waited so far.</param>
/// <param name="Blockers">Whom it waits for, the longest transaction first.</param>
public sealed record StepWaiting(string FileName, TimeSpan Waited, IReadOnlyList<Blocker> Blockers) : MigrationEvent;

/// <summary>A script did not get a lock in time, was rolled back, and will be tried again.</summary>
/// <param name="FileName">The script.</param>
/// <param name="Attempt">The attempt that failed, from 1.</param>
/// <param name="Delay">The pause before the next.</param>
/// <param name="Blockers">Who was in the way, the longest transaction first; empty when the server did not tell in time.</param>
public sealed record StepRetrying(string FileName, int Attempt, TimeSpan Delay, IReadOnlyList<Blocker> Blockers) : MigrationEvent;

/// <summary>A script and its journal row are committed.</summary>
/// <param name="Step">The script and its duration.</param>
public sealed record StepFinished(AppliedStep Step) : MigrationEvent;

/// <summary>An adoption has brought the database to the shape of a version, and noted it.</summary>
/// <param name="Version">The version that the database is at now.</param>
public sealed record VersionStamped(int Version) : MigrationEvent;

/// <summary>A script was rehearsed, and will be rolled back.</summary>
/// <param name="Step">The script and how it ran.</param>
public sealed record StepRehearsed(RehearsedStep Step) : MigrationEvent;
