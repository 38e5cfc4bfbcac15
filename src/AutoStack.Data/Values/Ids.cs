namespace AutoStack.Data.Values;

/// <summary>
/// Row ids made by the client: UUIDv7, ascending within the process, so that inserts are repeatable and index pages stay dense.
/// </summary>
internal static class Ids
{
    /// <summary>
    /// The least id, which another writer may have stored. A list that goes by ids begins at it, and so takes null as the id before the
    /// first one: <c>id >= coalesce(@after, least) AND id IS DISTINCT FROM @after</c> has one plan for both.
    /// </summary>
    internal const string Least = "'00000000-0000-0000-0000-000000000000'::uuid";

    public static Guid New() => UUIDNext.Uuid.NewDatabaseFriendly(UUIDNext.Database.PostgreSql);

    /// <summary>The id that a caller gives to a new row; a new one for null.</summary>
    /// <exception cref="ArgumentException">The id is the empty one.</exception>
    public static Guid Of(Guid? id, string name) => id is { } given ? Check(given, name) : New();

    /// <summary>An id that a caller gives to a new row, or the id of a row that it belongs to.</summary>
    /// <exception cref="ArgumentException">The id is the empty one: a caller has left it out.</exception>
    public static Guid Check(Guid id, string name) =>
        id != Guid.Empty ? id : throw new ArgumentException($"{name} is the empty id.", name);
}
