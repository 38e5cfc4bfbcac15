namespace AutoStack.Data.Migrations;

/// <summary>How long a <see cref="SchemaMigrator"/> waits, how often it retries, and what its messages may show.</summary>
public sealed class SchemaMigratorOptions
{
    /// <summary>The default of <see cref="Attempts"/>.</summary>
    public const int DefaultAttempts = 6;

    /// <summary>The default of <see cref="LockWait"/>: 5 minutes.</summary>
    public static TimeSpan DefaultLockWait { get; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The longest wait of a check, and of an adoption that reads rows, for a table that another session has locked: 5 seconds, or
    /// <see cref="LockWait"/> when that is shorter.
    /// </summary>
    public static TimeSpan TableWait { get; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait while another migrator holds the lock. Zero: fail at once.</summary>
    public TimeSpan LockWait { get; init; } = DefaultLockWait;

    /// <summary>How often a script is attempted that does not get a table's lock in time; at least 1.</summary>
    public int Attempts { get; init; } = DefaultAttempts;

    /// <summary>
    /// How long to retry the connection while the server is starting: no process listens, the host name does not resolve yet, or the server
    /// reports that it is starting. Zero, the default: fail at once. A wrong password or a missing database always fails at once.
    /// </summary>
    public TimeSpan ServerWait { get; init; }

    /// <summary>
    /// True to continue when another role has created objects on the search path whose names are PostgreSQL's own. False, the default,
    /// fails with <see cref="MigrationError.ForeignObjects"/>.
    /// </summary>
    public bool AllowForeignObjects { get; init; }

    /// <summary>
    /// True to include the server's own message in exceptions; it may quote values of rows, for example an e-mail address. False, the
    /// default, reports the SQLSTATE, constraint, column and table, and omits the inner exception where it would quote a value.
    /// </summary>
    public bool ShowValues { get; init; }

    /// <summary>
    /// The script sets of services, which an upgrade applies after the core and the enabled features, in this order. Empty by default.
    /// </summary>
    public IReadOnlyList<ScriptSet> ScriptSets { get; init; } = [];

    /// <summary>The objects that are meant to differ from what the scripts create; a check lists them apart. Empty by default.</summary>
    public IgnoreList Ignored { get; init; } = IgnoreList.Empty;

    /// <summary>The optional features that exist; tests have their own.</summary>
    internal IReadOnlyList<ScriptSet> Features { get; init; } = ScriptSet.BuiltInFeatures;

    /// <summary>
    /// Asks a person for the password of a role on a server; the argument is the prompt. Returns null when nothing was entered. Null to ask
    /// nobody.
    /// </summary>
    internal Func<string, CancellationToken, Task<string?>>? AskPassword { get; init; }

    /// <summary>Receives the wait for a server in calls that have no progress parameter.</summary>
    internal IProgress<MigrationEvent>? Progress { get; init; }

    /// <summary>The <c>lock_timeout</c> of a check; never 0, which would be no limit.</summary>
    internal long TableWaitMilliseconds => (long)Math.Clamp(LockWait.TotalMilliseconds, 1, TableWait.TotalMilliseconds);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ServerWait, TimeSpan.Zero, nameof(ServerWait));
        ArgumentOutOfRangeException.ThrowIfLessThan(LockWait, TimeSpan.Zero, nameof(LockWait));
        ArgumentOutOfRangeException.ThrowIfLessThan(Attempts, 1, nameof(Attempts));
        ArgumentNullException.ThrowIfNull(ScriptSets, nameof(ScriptSets));
        ArgumentNullException.ThrowIfNull(Ignored, nameof(Ignored));
        if (ScriptSets.Any(set => set is null))
        {
            throw new ArgumentException("A script set is null.", nameof(ScriptSets));
        }

        if (ScriptSets.Concat(Features).GroupBy(set => set.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"Two script sets have the name {twice.Key}.", nameof(ScriptSets));
        }
    }
}
