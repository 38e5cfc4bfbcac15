namespace AutoStack.Data.Migrations.Internal;

/// <summary>The lock modes of PostgreSQL that repairs take.</summary>
internal static class LockMode
{
    /// <summary>Blocks readers and writers.</summary>
    public const string AccessExclusive = "ACCESS EXCLUSIVE";

    /// <summary>Blocks writers.</summary>
    public const string ShareRowExclusive = "SHARE ROW EXCLUSIVE";

    /// <summary>Blocks neither readers nor writers, but other changes of the schema.</summary>
    public const string ShareUpdateExclusive = "SHARE UPDATE EXCLUSIVE";
}
