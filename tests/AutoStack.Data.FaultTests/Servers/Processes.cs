using System.Globalization;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>The processes of Linux, as <c>/proc</c> lists them.</summary>
internal static class Processes
{
    public static IReadOnlyList<int> ChildrenOf(int parent) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0 && Read(id) is { } process && process.Parent == parent),
    ];

    /// <summary>Whether a process runs; a zombie does not.</summary>
    public static bool IsAlive(int id) => Read(id) is { State: not ("Z" or "X") };

    private static (string State, int Parent)? Read(int id)
    {
        try
        {
            // The program's name, which may contain spaces, ends at the last ')'.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
