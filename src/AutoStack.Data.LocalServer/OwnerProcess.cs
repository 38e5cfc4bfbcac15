using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace AutoStack.Data.LocalServer;

/// <summary>
/// The identity of a process: its id, which the system reuses, together with its start time. A process of another machine, user or
/// container cannot be checked from here and counts as alive.
/// </summary>
internal sealed record OwnerProcess(string Scope, int Id, string Started)
{
    private const char Separator = '|';

    private static string OwnScope { get; } = string.Join('/', Environment.MachineName, Environment.UserName, ProcessNamespace());

    public static OwnerProcess Current { get; } = new(OwnScope, Environment.ProcessId, StartOf(Environment.ProcessId) ?? "");

    public bool IsDead
    {
        get
        {
            try
            {
                return Scope == OwnScope && StartOf(Id) != Started;
            }
            catch (Win32Exception)
            {
                // The process exists, and this user may not inspect it.
                return false;
            }
        }
    }

    public static OwnerProcess? Parse(string? text) =>
        text?.Trim().Split(Separator) is [var scope, var id, var started] && int.TryParse(id, CultureInfo.InvariantCulture, out var number)
            ? new OwnerProcess(scope, number, started)
            : null;

    public override string ToString() => string.Join(Separator, Scope, Id.ToString(CultureInfo.InvariantCulture), Started);

    private static string? StartOf(int id)
    {
        if (!OperatingSystem.IsLinux())
        {
            try
            {
                using var process = Process.GetProcessById(id);
                return process.StartTime.ToUniversalTime().Ticks.ToString(CultureInfo.InvariantCulture);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
            {
                return null;
            }
        }

        try
        {
            // Field 22 is the start in clock ticks since boot, which clock changes do not affect. The program's name ends at the last ')'.
            var stat = File.ReadAllText($"/proc/{id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] == "Z" ? null : fields[19];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static string ProcessNamespace() =>
        OperatingSystem.IsLinux() ? new FileInfo("/proc/self/ns/pid").LinkTarget ?? "" : "";
}
