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

    public static OwnerProcess Current { get; } = Of(Machine.Current, Environment.ProcessId, StartOf(Environment.ProcessId));

    public bool IsDead => IsDeadOn(Machine.Current);

    /// <summary>The identity of a process of a machine; without a start it counts as alive.</summary>
    public static OwnerProcess Of(Machine machine, int id, string? start) =>
        new(machine.Scope, id, start is null ? "" : $"{start}@{machine.Boot}");

    /// <summary>Whether the process has ended, as a process of a machine sees it.</summary>
    public bool IsDeadOn(Machine machine)
    {
        try
        {
            // A process that cannot see itself, without /proc, sees no other one either.
            return Scope == machine.Scope && Started.Length > 0 && StartOf(Environment.ProcessId) is not null
                && Of(machine, Id, StartOf(Id)).Started != Started;
        }
        catch (Win32Exception)
        {
            // The process exists, and this user may not inspect it.
            return false;
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
}
