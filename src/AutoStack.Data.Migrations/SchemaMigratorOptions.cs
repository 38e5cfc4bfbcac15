namespace AutoStack.Data.Migrations;

/// <summary>How a <see cref="SchemaMigrator"/> waits.</summary>
public sealed class SchemaMigratorOptions
{
    /// <summary>How long to wait while another migrator is at work; 5 minutes unless set. Zero: do not wait.</summary>
    public TimeSpan LockWait { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a script that did not get a table's lock in time is tried; 6 unless set, at least 1.</summary>
    public int Attempts { get; init; } = 6;

    /// <summary>
    /// How long to go on trying to connect while the server is still starting: nobody listens, the host has no address yet, or the server says
    /// so. Zero, the default: do not wait. A wrong password or a missing database fails at once.
    /// </summary>
    public TimeSpan ServerWait { get; init; }

    /// <summary>
    /// True to go on where another role has put objects with names of PostgreSQL's own on the search path. False, the default, refuses with
    /// <see cref="MigrationError.ForeignObjects"/>.
    /// </summary>
    public bool AllowForeignObjects { get; init; }

    /// <summary>
    /// True to put the server's own words into the messages of exceptions, which may quote values of rows, an e-mail address for one. False, the default, names
    /// the SQLSTATE, constraint, column and table, and leaves out the inner exception where it would quote a value.
    /// </summary>
    public bool ShowValues { get; init; }

    /// <summary>Asks a person for the password of a role on a server, both given; null when nobody is there, or nothing was entered.</summary>
    internal Func<string, CancellationToken, Task<string?>>? AskPassword { get; init; }

    /// <summary>Told of the wait by calls that have no progress of their own.</summary>
    internal IProgress<MigrationEvent>? Progress { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ServerWait, TimeSpan.Zero, nameof(ServerWait));
        ArgumentOutOfRangeException.ThrowIfLessThan(LockWait, TimeSpan.Zero, nameof(LockWait));
        ArgumentOutOfRangeException.ThrowIfLessThan(Attempts, 1, nameof(Attempts));
    }
}
