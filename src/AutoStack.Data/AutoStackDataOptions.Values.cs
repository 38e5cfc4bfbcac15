using AutoStack.Data.Archives;
using AutoStack.Data.Postgres;
using AutoStack.Data.Secrets;
using AutoStack.Data.Values;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AutoStack.Data;

/// <summary>What the settings mean: the connection strings and limits that follow from them, and their checks.</summary>
public sealed partial class AutoStackDataOptions
{
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
        if (!builder.ShouldSerialize("Tcp Keepalive") && !HasUnixSocket(builder))
        {
            // The system notices within a minute that the other side of a connection is gone, also while a call waits for its answer.
            (builder.TcpKeepAlive, builder.TcpKeepAliveTime, builder.TcpKeepAliveInterval) = (true, 15, 5);
        }

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

    /// <summary>The limits of the pool that a connection string describes.</summary>
    internal PoolLimits ToPoolLimits(NpgsqlConnectionStringBuilder used) => new(
        used.MaxPoolSize,
        PoolTimeout,
        MaxPoolWaiters ?? (int)Math.Min(20L * used.MaxPoolSize, int.MaxValue),
        LongUseThreshold);

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
        _ = ToTenantAccess();
        if (OperationTimeout is { } limit && (limit <= TimeSpan.Zero || limit > TimeSpan.FromDays(1)))
        {
            throw Invalid(nameof(OperationTimeout), $"is {limit}; it is above zero, up to a day");
        }

        if (!Enum.IsDefined(DriverLogLevel))
        {
            throw Invalid(nameof(DriverLogLevel), $"is {DriverLogLevel}; it is a level, such as Warning or None");
        }

        if (StandbyWait < TimeSpan.Zero || StandbyWait > TimeSpan.FromSeconds(10))
        {
            throw Invalid(nameof(StandbyWait), $"is {StandbyWait}; it is between 0 and 10 s");
        }

        if (ArchiveFormats.Any(format => !ArchiveFormat.IsName(format?.Name)))
        {
            throw Invalid(nameof(ArchiveFormats), "has a format that is null, or whose name has other characters than a-z, 0-9 and '.'");
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

        if (PoolTimeout <= TimeSpan.Zero || PoolTimeout > TimeSpan.FromDays(1))
        {
            throw Invalid(nameof(PoolTimeout), $"is {PoolTimeout}; it is above zero, up to a day");
        }

        if (MaxPoolWaiters < 0)
        {
            throw Invalid(nameof(MaxPoolWaiters), $"is {MaxPoolWaiters}; it is 0 or more");
        }

        if (LongUseThreshold <= TimeSpan.Zero)
        {
            throw Invalid(nameof(LongUseThreshold), $"is {LongUseThreshold}; it is above zero");
        }

        if (SlowOperationThreshold <= TimeSpan.Zero)
        {
            throw Invalid(nameof(SlowOperationThreshold), $"is {SlowOperationThreshold}; it is above zero");
        }
    }

    /// <summary>Under whose rights the statements of an owner run; null for those of the connection.</summary>
    /// <exception cref="OptionsValidationException">A setting is wrong; the message names it.</exception>
    internal TenantAccess? ToTenantAccess()
    {
        if (TenantRole is null)
        {
            return IdentityKey is null ? null : throw Invalid(nameof(IdentityKey), $"is set, and {nameof(TenantRole)} is not");
        }

        if (string.IsNullOrWhiteSpace(TenantRole) || TenantRole is "none" || TenantRole.Contains('\0', StringComparison.Ordinal))
        {
            throw Invalid(nameof(TenantRole), "is not the name of a role, for example autostack_tenant");
        }

        if (IdentityKey is null)
        {
            return new TenantAccess(TenantRole, key: null);
        }

        var key = new byte[IdentityKey.Reveal().Length];
        return Convert.TryFromBase64String(IdentityKey.Reveal(), key, out var length) && length >= TenantAccess.LeastKeyLength
            ? new TenantAccess(TenantRole, key[..length])
            : throw Invalid(nameof(IdentityKey), $"is not a text in base64 of at least {TenantAccess.LeastKeyLength} bytes");
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

    // A Unix socket refuses the settings of TCP.
    private static bool HasUnixSocket(NpgsqlConnectionStringBuilder builder) =>
        builder.Host?.Split(',').Any(host => host.TrimStart() is ['/' or '@', ..]) == true;
}
