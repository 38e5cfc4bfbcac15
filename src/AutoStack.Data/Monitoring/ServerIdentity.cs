namespace AutoStack.Data.Monitoring;

/// <summary>The server and database that a look was taken at.</summary>
/// <param name="Version">The version, as 150018 for 15.18.</param>
/// <param name="DatabaseName">The database.</param>
/// <param name="DatabaseId">The id of the database, which a restored copy does not share.</param>
/// <param name="Role">The role that looked.</param>
/// <param name="StartedAt">When the server was started.</param>
/// <param name="IsStandby">True for a standby.</param>
/// <param name="SeesAll">True when the role may read the statistics of all roles.</param>
public sealed record ServerIdentity(
    int Version, string DatabaseName, long DatabaseId, string Role, DateTimeOffset StartedAt, bool IsStandby, bool SeesAll);
