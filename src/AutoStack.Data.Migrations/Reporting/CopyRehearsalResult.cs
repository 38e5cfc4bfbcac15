namespace AutoStack.Data.Migrations;

/// <summary>What an upgrade or downgrade did on a copy.</summary>
/// <param name="Database">The copy; null when there was nothing to run.</param>
/// <param name="CopyDuration">How long the copy took to create; zero for a database that was given.</param>
/// <param name="Migration">The scripts that ran there, as on the database itself.</param>
public sealed record CopyRehearsalResult(string? Database, TimeSpan CopyDuration, MigrationResult Migration);

/// <summary>A copy of the database is ready; the scripts run there.</summary>
/// <param name="Database">The name of the copy.</param>
/// <param name="Duration">How long the copy took to create; zero for a database that was given.</param>
public sealed record CopyCreated(string Database, TimeSpan Duration) : MigrationEvent;
