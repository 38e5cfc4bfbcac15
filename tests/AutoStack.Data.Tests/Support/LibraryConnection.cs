namespace AutoStack.Data.Tests.Support;

/// <summary>How the library under test connects to a database: directly, unless the test project sets another way.</summary>
internal static class LibraryConnection
{
    /// <summary>Sets the connection of a database, given its direct connection string.</summary>
    public static Action<AutoStackDataOptions, string> Set { get; set; } =
        (options, connectionString) => options.ConnectionString = connectionString;

    /// <summary>Prepares a new database of a fixture, given its direct connection string; leaves it as it is, unless set.</summary>
    public static Func<string, Task> PrepareAsync { get; set; } = _ => Task.CompletedTask;

    /// <summary>The fixtures and tests that do not hold on the layout of the run, by the name of the class or method.</summary>
    public static IReadOnlyDictionary<string, string> Differences { get; set; } = new Dictionary<string, string>();
}
