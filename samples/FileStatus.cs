using System.Runtime.InteropServices;

namespace Samples;

/// <summary>The kind and the owner of a file on Linux, which .NET does not tell.</summary>
internal static class FileStatus
{
    // The structure has the same layout on every processor.
    private const int Owner = 20;
    private const int Mode = 28;

    /// <summary>
    /// True for a regular file; false for a pipe, a socket or a device, which a build may leave among its results. Opening a pipe blocks
    /// until another program writes to it.
    /// </summary>
    public static bool IsRegular(string path)
    {
        const int typeMask = 0xF000;
        const int regular = 0x8000;
        return !OperatingSystem.IsLinux() || (BitConverter.ToUInt16(Read(path), Mode) & typeMask) == regular;
    }

    /// <summary>True for a file or folder of the user of this process, whose folder for temporary files others share.</summary>
    public static bool IsOwn(string path) => !OperatingSystem.IsLinux() || BitConverter.ToUInt32(Read(path), Owner) == ReadUser();

    private static byte[] Read(string path)
    {
        const int currentFolder = -100;
        const int doNotFollowLinks = 0x100;
        const uint typeAndOwner = 0x1 | 0x8;
        var status = new byte[256];
        return ReadStatus(currentFolder, path, doNotFollowLinks, typeAndOwner, status) == 0
            ? status
            : throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }

#pragma warning disable SYSLIB1054 // The source generator would need unsafe code in the whole sample.
    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ReadStatus(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] status);

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint ReadUser();
#pragma warning restore SYSLIB1054
}
