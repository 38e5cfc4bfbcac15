using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The servers of one database: the primary, which takes everything, and its standbys, which take reads that ask for them. With one host,
/// or a data source of the host that is not a multi-host one, every connection is to the primary.
/// </summary>
internal sealed class Hosts
{
    private readonly NpgsqlMultiHostDataSource? several;

    /// <param name="dataSource">The data source; may be one of several hosts.</param>
    /// <param name="mode">The pooler that the options name; null for a direct connection.</param>
    public Hosts(NpgsqlDataSource dataSource, PoolerMode? mode)
    {
        several = dataSource as NpgsqlMultiHostDataSource;
        Primary = new DriverPool(PrimaryOf(dataSource), several, mode);
        Standbys = several is null
            ? null
            : new DriverPool(several.WithTargetSession(TargetSessionAttributes.PreferStandby), several, mode);
    }

    /// <summary>Opens connections to the primary.</summary>
    public DriverPool Primary { get; }

    /// <summary>Opens connections to a standby, or to the primary while no standby answers; null for one host.</summary>
    public DriverPool? Standbys { get; }

    /// <summary>The pools are about to be disposed.</summary>
    public void End()
    {
        Primary.End();
        Standbys?.End();
    }

    /// <summary>Builds the data source of a connection string, which may name several hosts.</summary>
    public static NpgsqlDataSource Build(NpgsqlDataSourceBuilder builder) =>
        Names(builder.ConnectionStringBuilder) ? builder.BuildMultiHost() : builder.Build();

    /// <summary>True when a connection string names several hosts.</summary>
    public static bool Names(NpgsqlConnectionStringBuilder settings) => settings.Host?.Contains(',', StringComparison.Ordinal) == true;

    /// <summary>
    /// Sets what makes a failover short, unless the connection string does: the driver keeps the state of a host for a second, and spends
    /// no time on a GSS handshake, which a hung host would hold. Reads are spread over the standbys.
    /// </summary>
    /// <returns>False when the connection string asks for a standby.</returns>
    public static bool Prepare(NpgsqlConnectionStringBuilder settings)
    {
        if (!settings.ShouldSerialize("Host Recheck Seconds"))
        {
            settings.HostRecheckSeconds = 1;
        }

        if (!settings.ShouldSerialize("GSS Encryption Mode"))
        {
            settings.GssEncryptionMode = GssEncryptionMode.Disable;
        }

        if (!settings.ShouldSerialize("Load Balance Hosts"))
        {
            settings.LoadBalanceHosts = true;
        }

        // Each connection is to the primary, or for reads on a standby.
        var wanted = settings.TargetSessionAttributes;
        settings.TargetSessionAttributes = null;
        return wanted is null or "any" or "primary" or "prefer-primary" or "read-write";
    }

    /// <summary>The data source of connections to the primary.</summary>
    public static NpgsqlDataSource PrimaryOf(NpgsqlDataSource dataSource) =>
        dataSource is NpgsqlMultiHostDataSource several ? several.WithTargetSession(TargetSessionAttributes.Primary) : dataSource;
}
