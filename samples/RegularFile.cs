using System.Runtime.InteropServices;

namespace Samples;

/// <summary>Tells files from pipes, sockets and devices, which a build may leave among its results.</summary>
internal static class RegularFile
{
    /// <summary>
    /// True for a regular file. .NET does not tell a named pipe from one, and opening a pipe blocks until another program writes to it.
    /// </summary>
    public static bool Is(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        // The structure has the same layout on every processor.
        const int currentFolder = -100;
        const int doNotFollowLinks = 0x100;
        const int mode = 28;
        const int typeMask = 0xF000;
        const int regular = 0x8000;
        var status = new byte[256];
        return ReadStatus(currentFolder, path, doNotFollowLinks, mask: 1, status) == 0
            ? (BitConverter.ToUInt16(status, mode) & typeMask) == regular
            : throw new IOException($"{path}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
    }

#pragma warning disable SYSLIB1054 // The source generator would need unsafe code in the whole sample.
    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ReadStatus(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] status);
#pragma warning restore SYSLIB1054
}
