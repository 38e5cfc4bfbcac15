namespace AutoStack.Data.Values;

/// <summary>The process, as operators recognise it in the holder of a lease.</summary>
internal static class ThisProcess
{
    /// <summary>The name of the machine, and the id of the process on it.</summary>
    internal static readonly string Name = $"{Environment.MachineName}:{Environment.ProcessId}";
}
