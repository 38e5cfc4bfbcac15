namespace AutoStack.Data.Health;

/// <summary>The version of the schema: the number of the last applied script.</summary>
public static class SchemaVersion
{
    /// <summary>The version that this library needs. It works with every later one.</summary>
    public const int Required = 50;
}
