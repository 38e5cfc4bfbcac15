namespace AutoStack.Data.Values;

/// <summary>
/// Row ids made by the client: UUIDv7, ascending within the process, so that inserts are repeatable and index pages stay dense.
/// </summary>
internal static class Ids
{
    public static Guid New() => UUIDNext.Uuid.NewDatabaseFriendly(UUIDNext.Database.PostgreSql);
}
