namespace AutoStack.Data.Migrations;

/// <summary>How a <see cref="SchemaMigrator"/> waits.</summary>
public sealed class SchemaMigratorOptions
{
    /// <summary>How long to wait while another migrator is at work; 5 minutes unless set. Zero: do not wait.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a script that did not get a table's lock in time is tried; 6 unless set, at least 1.</summary>
    public int Attempts { get; init; } = 6;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(LockWait, TimeSpan.Zero, nameof(LockWait));
        ArgumentOutOfRangeException.ThrowIfLessThan(Attempts, 1, nameof(Attempts));
    }
}
