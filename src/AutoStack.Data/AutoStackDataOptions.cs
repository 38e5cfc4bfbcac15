using AutoStack.Data.Accounts;
using AutoStack.Data.Archives;
using AutoStack.Data.Logs;
using AutoStack.Data.SecretRotation;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AutoStack.Data;

/// <summary>
/// The settings of a database. A setting that is null takes its value from the connection string, otherwise its default.
/// </summary>
public sealed partial class AutoStackDataOptions
{
    /// <summary>
    /// An Npgsql connection string, <c>Host=…;Database=…;Username=…;Password=…</c>, or a URI, <c>postgresql://…</c>; assigned or bound as
    /// text. Required. Several hosts, <c>Host=db1,db2</c>, are the primary and its standbys. The value is a <see cref="Secret"/>, which
    /// neither prints nor serializes its text.
    /// </summary>
    public Secret? ConnectionString { get; set; }

    /// <summary>The number of connections that stay open while idle, 0 to <see cref="MaxPoolSize"/>. Default 20.</summary>
    public int? MinPoolSize { get; set; }

    /// <summary>The maximum number of connections, at least 1. Default 60.</summary>
    public int? MaxPoolSize { get; set; }

    /// <summary>
    /// The timeout of waiting for a free connection, and of opening a new one; whole seconds, 1 to 1024. Default 30 s, or 2 s
    /// per host with several hosts.
    /// </summary>
    public TimeSpan? ConnectTimeout { get; set; }

    /// <summary>The time that a call waits for a free connection of the pool; above zero, up to a day. Default 30 s.</summary>
    public TimeSpan PoolTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The maximum number of calls that wait for a connection at once, 0 or more; further calls fail at once, so that an overload stays
    /// short. Null, the default, for 20 times <see cref="MaxPoolSize"/>.
    /// </summary>
    public int? MaxPoolWaiters { get; set; }

    /// <summary>
    /// The time after which a connection that an operation or a unit of work still holds is logged once, with a warning. Above zero.
    /// Default 30 s.
    /// </summary>
    public TimeSpan LongUseThreshold { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The interval at which an idle connection is probed; whole seconds up to a day, zero for never. Default 30 s.</summary>
    public TimeSpan? KeepAlive { get; set; }

    /// <summary>
    /// The time limit of an attempt at a call, from its first statement; whole seconds up to a day, zero for no limit. Default 30 s. The
    /// library ends the attempt itself: the driver would wait for a hung server on a thread of the process's pool.
    /// </summary>
    public TimeSpan? CommandTimeout { get; set; }

    /// <summary>
    /// The time after which a call has ended, however often it was repeated and however long it waited for a connection; above zero, up to
    /// a day. In a unit of work each statement has this time, and so has the commit; the delegate's own time is not limited. Null, the
    /// default, for <see cref="CommandTimeout"/> plus 5 s, or no limit when <see cref="CommandTimeout"/> is zero.
    /// </summary>
    public TimeSpan? OperationTimeout { get; set; }

    /// <summary>The duration from which an operation is logged as slow, with a warning. Above zero. Default 1 s.</summary>
    public TimeSpan SlowOperationThreshold { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The least level of the lines that the driver logs under <c>Npgsql</c>; those with the text of each statement have
    /// <see cref="LogLevel.Information"/>. A data source of the host logs as the host has set it up. Default
    /// <see cref="LogLevel.Warning"/>.
    /// </summary>
    public LogLevel DriverLogLevel { get; set; } = LogLevel.Warning;

    /// <summary>
    /// Whether a connection beside the pool listens for notifications while the process waits for them. Default true. When false, waiters
    /// poll. Set it to false behind a pooler in transaction mode, which does not deliver notifications.
    /// </summary>
    public bool ListenForNotifications { get; set; } = true;

    /// <summary>
    /// The mode of a pooler between this process and the server; null, the default, for a direct connection. The first connection detects a
    /// pooler and, when this setting is null, fails with an <see cref="OptionsValidationException"/>.
    /// </summary>
    public PoolerMode? Pooler { get; set; }

    /// <summary>
    /// The time in which a standby that has not applied a transaction is asked again, before <see cref="IStandbyReads"/> reads the primary;
    /// zero, to ask once, up to 10 s. Default 50 ms.
    /// </summary>
    public TimeSpan StandbyWait { get; set; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// A connection string that bypasses the pooler, for the connection that listens for notifications. When null, the default, waiters
    /// poll if <see cref="Pooler"/> is <see cref="PoolerMode.Transaction"/>, and listen through <see cref="ConnectionString"/> otherwise.
    /// </summary>
    public Secret? ListenConnectionString { get; set; }

    /// <summary>
    /// The keys that encrypt secrets: tokens of other services, and environment variables. The first key encrypts, every key decrypts; see
    /// <see cref="ISecretRotation"/> for rotation. Without a key, a secret cannot be stored, and only values in clear can be read.
    /// </summary>
    public IList<SecretKey> SecretKeys { get; } = [];

    /// <summary>
    /// Whether the library accepts secrets in clear, which the Python services stored (session tokens included), and secrets of the first
    /// encrypted form (<c>enc:v1:</c>), which is bound to its row only. Default true. Set it to false once a run of
    /// <see cref="ISecretRotation"/> changes nothing: until then, anyone who can write to the table can replace an encrypted value by one
    /// in clear, or by an older one of the first form.
    /// </summary>
    public bool AcceptClearSecrets { get; set; } = true;

    /// <summary>
    /// The interval at which followers poll for new lines when no notification arrives, by one statement for all followers. Above zero, up
    /// to a day. Default 1 s.
    /// </summary>
    public TimeSpan LogPollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The maximum duration of a search in a log; the search then returns the lines found so far, and the cursor to continue from. Above
    /// zero, up to a minute. Default 2 s.
    /// </summary>
    public TimeSpan LogSearchTime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Where retention archives partitions of logs before it drops them, in a database with the feature <c>log-partitions</c>: a partition
    /// whose archive fails stays. Null, the default, drops without an archive.
    /// </summary>
    public IArchiveStore? ArchiveStore { get; set; }

    /// <summary>
    /// The formats of archives: the first writes new ones, and each reads those that it has written. <see cref="ArchiveFormat.Csv"/> is
    /// always read. Empty, the default, writes CSV.
    /// </summary>
    public IList<ArchiveFormat> ArchiveFormats { get; } = [];

    /// <summary>
    /// Whether the host starts only on a schema that is new enough (<see cref="Health.SchemaVersion.Required"/>). Default true. A database
    /// that does not answer does not keep the host from starting.
    /// </summary>
    public bool RequireSchema { get; set; } = true;

    /// <summary>
    /// Returns who acts now, for triggers of the database: each call that changes rows first sets <c>autostack.actor</c> for its
    /// transaction, in the same round trip, and <c>current_setting('autostack.actor', TRUE)</c> reads it. A text of at most 255 characters,
    /// such as an account of the staff or the name of the service; null for the id of the owner or user that the call names, or for nobody.
    /// It runs at the start of each such call, in the context of its caller, and what it throws the call throws. Null, the default, sets
    /// nothing.
    /// </summary>
    public Func<string?>? Actor { get; set; }

    /// <summary>
    /// The role under which each call for a user runs in a database with the feature <c>row-security</c>, usually <c>autostack_tenant</c>:
    /// the call reaches rows of its <c>ownerId</c> only, whatever its statement says. The role of the connection must be a member of it,
    /// and bypasses row security itself. Null, the default, runs every call as the role of the connection.
    /// </summary>
    public string? TenantRole { get; set; }

    /// <summary>
    /// The key that signs the user for whom a call runs, in a database with the feature <c>signed-identity</c>: at least 32 bytes in
    /// base64, the same as in the database. Needs <see cref="TenantRole"/>. Null, the default, for identities without a signature.
    /// </summary>
    public Secret? IdentityKey { get; set; }

    /// <summary>The settings of the log writer.</summary>
    public LogWriterOptions LogWriter { get; } = new();

    /// <summary>The settings of sign-ins, sessions and password resets.</summary>
    public AccountOptions Accounts { get; } = new();
}
