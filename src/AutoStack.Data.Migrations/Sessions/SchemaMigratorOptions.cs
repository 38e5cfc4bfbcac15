namespace AutoStack.Data.Migrations;

/// <summary>How long a <see cref="SchemaMigrator"/> waits, how often it retries, and what its messages may show.</summary>
public sealed class SchemaMigratorOptions
{
    /// <summary>The default of <see cref="Attempts"/>.</summary>
    public const int DefaultAttempts = 6;

    /// <summary>The largest value of <see cref="Attempts"/>.</summary>
    public const int MaxAttempts = 100;

    /// <summary>The maximum length of <see cref="Reason"/> in characters.</summary>
    public const int MaxReasonLength = 1000;

    /// <summary>The default of <see cref="LockWait"/>: 5 minutes.</summary>
    public static TimeSpan DefaultLockWait { get; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The longest wait of a check, of a plan, which an upgrade makes first, and of an adoption that reads rows, for a table that another
    /// session has locked: 5 seconds, or <see cref="LockWait"/> when that is shorter.
    /// </summary>
    public static TimeSpan TableWait { get; } = TimeSpan.FromSeconds(5);

    /// <summary>How long to wait while another migrator holds the lock. Zero: fail at once.</summary>
    public TimeSpan LockWait { get; init; } = DefaultLockWait;

    /// <summary>
    /// How often a script is attempted that does not get a table's lock in time, 1 to <see cref="MaxAttempts"/>. The pauses between the
    /// attempts grow from a quarter of a second to a minute. After the last attempt the run fails with <see
    /// cref="MigrationError.Locked"/>.
    /// </summary>
    public int Attempts { get; init; } = DefaultAttempts;

    /// <summary>
    /// How long to retry the connection while the server is starting: no process listens, the host name does not resolve yet, or the server
    /// reports that it is starting. Zero, the default: fail at once. A wrong password or a missing database always fails at once.
    /// </summary>
    public TimeSpan ServerWait { get; init; }

    /// <summary>
    /// Why a stamp, a repair, an adoption or a downgrade changes the journal, which keeps the text with the change; at most <see
    /// cref="MaxReasonLength"/> characters. Null for no reason.
    /// </summary>
    public string? Reason { get; init; }

    /// <summary>
    /// True to continue when another role has created objects on the search path whose names are PostgreSQL's own. False, the default,
    /// fails with <see cref="MigrationError.ForeignObjects"/>.
    /// </summary>
    public bool AllowForeignObjects { get; init; }

    /// <summary>
    /// True to start a run although something was found that would stop it. False, the default, fails with
    /// <see cref="MigrationError.Obstacles"/> before the first script.
    /// </summary>
    public bool IgnoreObstacles { get; init; }

    /// <summary>The default of <see cref="RehearsalLimit"/>: 60 seconds.</summary>
    public static TimeSpan DefaultRehearsalLimit { get; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// The longest time of a rehearsal, whose transaction stops readers and writers; <see cref="Timeout.InfiniteTimeSpan"/> or more than
    /// 49 days is no limit. A rehearsal that takes longer is rolled back (<see cref="MigrationError.TimeLimit"/>).
    /// </summary>
    public TimeSpan RehearsalLimit { get; init; } = DefaultRehearsalLimit;

    /// <summary>The default of <see cref="ProgressInterval"/>: 1 second.</summary>
    public static TimeSpan DefaultProgressInterval { get; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often a running script's progress is read from the server, on a session of its own, and reported as <see cref="StepProgress"/>;
    /// above zero.
    /// </summary>
    public TimeSpan ProgressInterval { get; init; } = DefaultProgressInterval;

    /// <summary>
    /// True to include the server's own message in exceptions; it may quote values of rows, for example an e-mail address. False, the
    /// default, reports the SQLSTATE, constraint, column and table, and omits the inner exception where it would quote a value.
    /// </summary>
    public bool ShowValues { get; init; }

    /// <summary>
    /// The script sets of services, which an upgrade applies after the core and the enabled features, in this order. Empty by default.
    /// </summary>
    public IReadOnlyList<ScriptSet> ScriptSets { get; init; } = [];

    /// <summary>
    /// The values of variables that scripts of a feature or a service name in their header, by the name of the variable. A script that is
    /// applied already does not read them any more. Empty by default.
    /// </summary>
    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

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
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Attempts, MaxAttempts, nameof(Attempts));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Reason?.Length ?? 0, MaxReasonLength, nameof(Reason));
        if (Reason?.Contains('\0', StringComparison.Ordinal) == true)
        {
            throw new ArgumentException("A reason with U+0000 cannot be stored.", nameof(Reason));
        }

        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(ProgressInterval, TimeSpan.Zero, nameof(ProgressInterval));
        if (RehearsalLimit != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(RehearsalLimit, TimeSpan.Zero, nameof(RehearsalLimit));
        }

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

        ArgumentNullException.ThrowIfNull(Variables, nameof(Variables));
        var known = ScriptSets.Concat(Features).SelectMany(set => set.Scripts).SelectMany(script => script.Up.Variables).ToHashSet();
        foreach (var (name, value) in Variables)
        {
            if (!known.Contains(name))
            {
                throw new ArgumentException($"No script has the variable {name}.", nameof(Variables));
            }

            if (value is null || value.Contains('\0', StringComparison.Ordinal))
            {
                throw new ArgumentException($"The value of the variable {name} is null or has U+0000.", nameof(Variables));
            }
        }
    }
}
