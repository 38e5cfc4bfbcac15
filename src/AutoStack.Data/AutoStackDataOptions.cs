using AutoStack.Data.Accounts;
using AutoStack.Data.Logs;
using AutoStack.Data.SecretRotation;
using AutoStack.Data.Secrets;
using AutoStack.Data.Values;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AutoStack.Data;

/// <summary>
/// How the library reaches its database. A setting left null is taken from the connection string, else from the default given here.
/// </summary>
public sealed class AutoStackDataOptions
{
    /// <summary>
    /// An Npgsql connection string, <c>Host=…;Database=…;Username=…;Password=…</c>; assign or bind it as a text. Required. It prints and
    /// serializes to nothing of the text.
    /// </summary>
    public Secret? ConnectionString { get; set; }

    /// <summary>Connections that stay open while idle, from 0 up to <see cref="MaxPoolSize"/>. Default 20.</summary>
    public int? MinPoolSize { get; set; }

    /// <summary>Connections at the most, from 1 up. Default 60: 20 kept and 40 more under load.</summary>
    public int? MaxPoolSize { get; set; }

    /// <summary>
    /// How long a call waits for a free connection, and a new connection for the server; whole seconds, 1 to 1024. Default 30 s.
    /// </summary>
    public TimeSpan? ConnectTimeout { get; set; }

    /// <summary>How often an idle connection is probed; whole seconds up to a day, zero for never. Default 30 s.</summary>
    public TimeSpan? KeepAlive { get; set; }

    /// <summary>How long a statement may run; whole seconds up to a day, zero for no limit. Default 30 s.</summary>
    public TimeSpan? CommandTimeout { get; set; }

    /// <summary>An operation that takes at least this long is logged as a warning. Default 1 s.</summary>
    public TimeSpan SlowOperationThreshold { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Whether one further connection, beside the pool, listens for notifications while somebody in the process waits for them. Default
    /// true. When false, waiters poll. Set it to false behind a pooler in transaction mode, which does not deliver notifications.
    /// </summary>
    public bool ListenForNotifications { get; set; } = true;

    /// <summary>
    /// How a pooler between this process and the server lends the server's sessions. Null, the default: the process connects to the server
    /// directly. The first connection checks this, and a pooler that is not named here is refused with an
    /// <see cref="OptionsValidationException"/>.
    /// </summary>
    public PoolerMode? Pooler { get; set; }

    /// <summary>
    /// A connection string to the server itself, past the pooler, for the connection that listens for notifications. Null, the default:
    /// waiters poll when <see cref="Pooler"/> is <see cref="PoolerMode.Transaction"/>, and listen through <see cref="ConnectionString"/>
    /// otherwise.
    /// </summary>
    public Secret? ListenConnectionString { get; set; }

    /// <summary>
    /// The keys that secrets are encrypted with: tokens of other services and environment variables. The first one writes, every one reads;
    /// to rotate, see <see cref="ISecretRotation"/>. None: storing a secret is refused, and only values in clear can be read.
    /// </summary>
    public IList<SecretKey> SecretKeys { get; } = [];

    /// <summary>
    /// Whether secrets are read that are stored in clear, as the Python services left them, their session tokens among them, or encrypted
    /// in the first form (<c>enc:v1:</c>), which binds a value to its row only. Default true. Set it to false once
    /// <see cref="ISecretRotation"/> has nothing left to do: until then, anyone who can write to the table can replace an encrypted value
    /// by one in clear, or by an older one of the first form.
    /// </summary>
    public bool AcceptClearSecrets { get; set; } = true;

    /// <summary>
    /// How often the database is asked for new lines of logs that are followed, when no notification has come: one statement for all who
    /// follow. Above zero, up to a day. Default 1 s.
    /// </summary>
    public TimeSpan LogPollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The time after which a search in a log returns what it has found so far, and where to continue. Above zero, up to a minute. Default
    /// 2 s.
    /// </summary>
    public TimeSpan LogSearchTime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How lines of builds are collected and stored.</summary>
    public LogWriterOptions LogWriter { get; } = new();

    /// <summary>Rules for sign-ins, sessions and password resets.</summary>
    public AccountOptions Accounts { get; } = new();

    /// <summary>The connection string with every setting in it.</summary>
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
        builder.Timeout = Seconds(ConnectTimeout, nameof(ConnectTimeout), least: 1, most: 1024) ?? (builder.ShouldSerialize("Timeout") ? builder.Timeout : 30);
        builder.KeepAlive = Seconds(KeepAlive, nameof(KeepAlive), least: 0, most: 86400) ?? (builder.ShouldSerialize("Keepalive") ? builder.KeepAlive : 30);
        builder.CommandTimeout = Seconds(CommandTimeout, nameof(CommandTimeout), least: 0, most: 86400) ?? builder.CommandTimeout;
        if (!builder.ShouldSerialize("Max Auto Prepare") && Pooler != PoolerMode.Transaction)
        {
            builder.MaxAutoPrepare = 100;
            builder.AutoPrepareMinUsages = 2;
        }

        if (builder.Multiplexing)
        {
            throw Invalid(nameof(ConnectionString), "sets Multiplexing, which this library is not made for; leave it out");
        }

        // Both would put values into errors and logs: the server's detail of an error quotes the row.
        builder.IncludeErrorDetail = false;
        builder.LogParameters = false;

        if (!builder.ShouldSerialize("No Reset On Close"))
        {
            // Nothing here leaves a trace in its session, and nobody else gets this pool's. An open transaction is rolled back
            // nevertheless.
            builder.NoResetOnClose = true;
        }

        if (!builder.ShouldSerialize("Read Buffer Size"))
        {
            // A page of a log is more than the 8 KiB that are the default.
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
            builder = new NpgsqlConnectionStringBuilder(connectionString.Reveal());
        }
        catch (ArgumentException)
        {
            // The parser's own message may quote a piece of a password that holds a semicolon.
            throw Invalid(setting, "cannot be read: it is a list of key=value pairs that Npgsql knows");
        }

        return string.IsNullOrEmpty(builder.Host) ? throw Invalid(setting, "names no Host") : builder;
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
