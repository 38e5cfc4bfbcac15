using System.Security.Cryptography;
using System.Text;

namespace AutoStack.Data.LocalServer;

/// <summary>
/// Where a process runs. The host's name does not identify a machine: the images of a CI have one name, and the first process namespace
/// has the same number on every Linux.
/// </summary>
/// <param name="Host">The name of the host.</param>
/// <param name="User">The name of the user.</param>
/// <param name="ProcessNamespace">The namespace of process ids; empty on a system without namespaces.</param>
/// <param name="Id">The identity of the installation, of <c>/etc/machine-id</c>; null when it is not known.</param>
/// <param name="BootId">The identity of this run of the kernel; null when it is not known.</param>
internal sealed record Machine(string Host, string User, string ProcessNamespace, string? Id, string? BootId)
{
    private const string FirstNamespace = "pid:[4026531836]";

    /// <summary>The machine of this process.</summary>
    public static Machine Current { get; } = OperatingSystem.IsLinux()
        ? new Machine(
            Environment.MachineName, Environment.UserName, new FileInfo("/proc/self/ns/pid").LinkTarget ?? "",
            Read("/etc/machine-id"), Read("/proc/sys/kernel/random/boot_id"))
        : new Machine(Environment.MachineName, Environment.UserName, "", null, null);

    /// <summary>
    /// Everything within which a process id means one process at a time. A container has the machine id of its image, so that the run of
    /// the kernel takes its place.
    /// </summary>
    public string Scope => string.Join(
        '/', Host, User, ProcessNamespace, Id is null || ProcessNamespace != FirstNamespace ? Hash(BootId) : Hash(Id));

    /// <summary>The run of the kernel: the processes of another run of the same machine have ended.</summary>
    public string Boot => Hash(BootId);

    // The ids are not shown to other machines: machine-id(5) asks for a hash.
    private static string Hash(string? id) => id is null
        ? "" : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"AutoStack.Data {id}")).AsSpan(0, 8));

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim() is { Length: >= 32 } id ? id : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
