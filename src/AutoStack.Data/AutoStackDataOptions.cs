using AutoStack.Data.Accounts;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.SecretRotation;
using AutoStack.Data.Secrets;
using AutoStack.Data.Values;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AutoStack.Data;

/// <summary>
/// The settings of a database. A setting that is null takes its value from the connection string, otherwise its default.
/// </summary>
public sealed class AutoStackDataOptions
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

    /// <summary>The interval at which an idle connection is probed; whole seconds up to a day, zero for never. Default 30 s.</summary>
    public TimeSpan? KeepAlive { get; set; }

    /// <summary>The timeout of a statement; whole seconds up to a day, zero for no limit. Default 30 s.</summary>
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

    /// <summary>The settings of the log writer.</summary>
    public LogWriterOptions LogWriter { get; } = new();

    /// <summary>The settings of sign-ins, sessions and password resets.</summary>
    public AccountOptions Accounts { get; } = new();

    /// <summary>The connection string with every setting applied.</summary>
    /// <exception cref="OptionsValidationException">A setting is missing or wrong; the message names it.</exception>
    internal NpgsqlConnectionStringBuilder ToConnectionString()
    {
        if (string.IsNullOrWhiteSpace(ConnectionString?.Reveal()))
        {
            throw Invalid(nameof(ConnectionString), "is not set; for example Host=localhost;Database=autostack;Username=autostack");
        }

        var builder = Parse(ConnectionString, nameof(ConnectionString));
        var maxPoolSize = MaxPoolSize ?? (builder.ShouldSerialize("Maximum Pool Size") ? builder.MaxPoolSize : 60);
        if (maxPoolSize < 1)
        {
            throw Invalid(nameof(MaxPoolSize), $"is {maxPoolSize}; it is at least 1");
        }

        var minPoolSize = MinPoolSize ?? (builder.ShouldSerialize("Minimum Pool Size") ? builder.MinPoolSize : Math.Min(20, maxPoolSize));
        if (minPoolSize < 0 || minPoolSize > maxPoolSize)
        {
            throw Invalid(nameof(MinPoolSize), $"is {minPoolSize}; it is between 0 and MaxPoolSize ({maxPoolSize})");
        }

        (builder.MinPoolSize, builder.MaxPoolSize) = (minPoolSize, maxPoolSize);
        var several = Hosts.Names(builder);
        builder.Timeout = Seconds(ConnectTimeout, nameof(ConnectTimeout), least: 1, most: 1024)
            ?? (builder.ShouldSerialize("Timeout") ? builder.Timeout : several ? 2 : 30);
        builder.KeepAlive = Seconds(KeepAlive, nameof(KeepAlive), least: 0, most: 86400)
            ?? (builder.ShouldSerialize("Keepalive") ? builder.KeepAlive : 30);
        builder.CommandTimeout = Seconds(CommandTimeout, nameof(CommandTimeout), least: 0, most: 86400) ?? builder.CommandTimeout;
        if (!builder.ShouldSerialize("Max Auto Prepare") && Pooler != PoolerMode.Transaction)
        {
            builder.MaxAutoPrepare = 100;
            builder.AutoPrepareMinUsages = 2;
        }

        if (builder.Multiplexing)
        {
            throw Invalid(nameof(ConnectionString), "sets Multiplexing, which the library does not support");
        }

        // Both would expose values in errors and logs: the server quotes the row in the detail of an error.
        builder.IncludeErrorDetail = false;
        builder.LogParameters = false;

        if (!builder.ShouldSerialize("No Reset On Close"))
        {
            // No operation changes its session, and no one else uses this pool. The driver still rolls back an open transaction.
            builder.NoResetOnClose = true;
        }

        if (!builder.ShouldSerialize("Read Buffer Size"))
        {
            // A page of a log exceeds the default of 8 KiB.
            builder.ReadBufferSize = 64 << 10;
        }

        builder.ApplicationName ??= "AutoStack.Data";
        builder.Timezone = "UTC";
        builder.Enlist = false;
        return builder;
    }

    /// <summary>Throws when a setting is missing or wrong.</summary>
    internal void Validate(bool needsConnectionString)
    {
        if (needsConnectionString)
        {
            _ = ToConnectionString();
        }

        if (Pooler is { } pooler && !Enum.IsDefined(pooler))
        {
            throw Invalid(nameof(Pooler), $"is {pooler}; it is Session, Transaction or null");
        }

        _ = ListenConnectionString is null ? null : Parse(ListenConnectionString, nameof(ListenConnectionString));
        _ = Seconds(CommandTimeout, nameof(CommandTimeout), least: 0, most: 86400);
        _ = new SecretProtector([.. SecretKeys], AcceptClearSecrets);
        if (OperationTimeout is { } limit && (limit <= TimeSpan.Zero || limit > TimeSpan.FromDays(1)))
        {
            throw Invalid(nameof(OperationTimeout), $"is {limit}; it is above zero, up to a day");
        }

        if (StandbyWait < TimeSpan.Zero || StandbyWait > TimeSpan.FromSeconds(10))
        {
            throw Invalid(nameof(StandbyWait), $"is {StandbyWait}; it is between 0 and 10 s");
        }

        LogWriter.Validate();
        Accounts.Validate();
        if (LogSearchTime <= TimeSpan.Zero || LogSearchTime > TimeSpan.FromMinutes(1))
        {
            throw Invalid(nameof(LogSearchTime), $"is {LogSearchTime}; it is above zero, up to a minute");
        }

        if (LogPollInterval <= TimeSpan.Zero || LogPollInterval > TimeSpan.FromDays(1))
        {
            throw Invalid(nameof(LogPollInterval), $"is {LogPollInterval}; it is above zero, up to a day");
        }

        if (SlowOperationThreshold <= TimeSpan.Zero)
        {
            throw Invalid(nameof(SlowOperationThreshold), $"is {SlowOperationThreshold}; it is above zero");
        }
    }

    /// <summary>Whether a connection listens for notifications; otherwise waiters poll.</summary>
    internal bool Listens => ListenForNotifications && (ListenConnectionString is not null || Pooler != PoolerMode.Transaction);

    /// <summary>
    /// The connection string of a connection of the library's own that listens; null when no connection does, or one of the host's.
    /// </summary>
    /// <param name="pool">The connection string of the pool, with every setting in it; null for a pool of the host's.</param>
    internal NpgsqlConnectionStringBuilder? ToListenConnectionString(NpgsqlConnectionStringBuilder? pool)
    {
        var builder = ListenConnectionString is not null ? Parse(ListenConnectionString, nameof(ListenConnectionString))
            : pool is not null ? new NpgsqlConnectionStringBuilder(pool.ConnectionString)
            : null;
        if (builder is null || !Listens)
        {
            return null;
        }

        // Outside the pool, so that it takes none of its connections.
        builder.Pooling = false;
        builder.MaxAutoPrepare = 0;
        builder.IncludeErrorDetail = false;
        builder.LogParameters = false;
        builder.ApplicationName ??= "AutoStack.Data";
        builder.Enlist = false;
        if (!builder.ShouldSerialize("Keepalive"))
        {
            builder.KeepAlive = 30;
        }

        return builder;
    }

    private static NpgsqlConnectionStringBuilder Parse(Secret connectionString, string setting)
    {
        NpgsqlConnectionStringBuilder builder;
        try
        {
            builder = ConnectionUri.IsUri(connectionString.Reveal())
                ? ConnectionUri.Parse(connectionString.Reveal())
                : new NpgsqlConnectionStringBuilder(connectionString.Reveal());
        }
        catch (FormatException exception)
        {
            throw Invalid(setting, $"is wrong: {exception.Message.TrimEnd('.')}");
        }
        catch (ArgumentException)
        {
            // The message of the parser may quote part of a password that contains a semicolon.
            throw Invalid(setting, "is not a connection string of Npgsql: a list of key=value pairs");
        }

        return string.IsNullOrEmpty(builder.Host) ? throw Invalid(setting, "names no Host")
            : !Hosts.Names(builder) || Hosts.Prepare(builder) ? builder
            : throw Invalid(setting, "sets Target Session Attributes to a standby, and the library writes: leave it out");
    }

    private static int? Seconds(TimeSpan? value, string name, int least, int most) => value switch
    {
        null => null,
        { TotalSeconds: var s } when s >= least && s <= most && s == Math.Floor(s) => (int)s,
        _ => throw Invalid(name, $"is {value}; it is a whole number of seconds from {least} to {most}"),
    };

    private static OptionsValidationException Invalid(string setting, string problem) =>
        InvalidSetting.Of(typeof(AutoStackDataOptions), setting, problem);
}
