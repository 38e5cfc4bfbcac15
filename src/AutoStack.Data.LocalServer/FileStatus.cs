using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace AutoStack.Data.LocalServer;

/// <summary>The kind and the owner of a file on Linux: .NET tells neither a named pipe from a file nor who owns it.</summary>
internal readonly record struct FileStatus(bool IsFolder, bool IsFile, int UserId, int GroupId, long Size)
{
    private const int CurrentFolder = -100;
    private const int DoNotFollowLinks = 0x100;
    private const int OfTheHandle = 0x1000;
    private const int ReadWithoutWaiting = 0x800 | 0x80000;

    /// <summary>The user as whom this process runs.</summary>
    public static int OwnUserId => GetUserId();

    /// <summary>The status of a file or folder, or of a link itself; null when the path does not exist.</summary>
    public static FileStatus? Of(string path) => Read(CurrentFolder, path, DoNotFollowLinks);

    /// <summary>
    /// The text of a regular file of at most a number of bytes that belongs to one of the users; null for anything else. Neither a named
    /// pipe nor a device can make this call wait, and a file without end is not read.
    /// </summary>
    public static string? ReadText(string path, int maxBytes, IReadOnlyCollection<int> userIds)
    {
        bool IsWanted(FileStatus? status) =>
            status is { IsFile: true } file && file.Size <= maxBytes && userIds.Contains(file.UserId);

        // The first look keeps devices closed, which may act when they are opened; the second one is of what was opened.
        if (!IsWanted(Of(path)))
        {
            return null;
        }

        using var handle = new SafeFileHandle(Open(path, ReadWithoutWaiting), ownsHandle: true);
        if (handle.IsInvalid || !IsWanted(Read((int)handle.DangerousGetHandle(), "", OfTheHandle)))
        {
            return null;
        }

        var bytes = new byte[maxBytes];
        return Encoding.UTF8.GetString(bytes, 0, RandomAccess.Read(handle, bytes, 0));
    }

    // The structure has the same layout on every processor.
    private static FileStatus? Read(int folder, string path, int flags)
    {
        const uint kindOwnerAndSize = 0x21B;
        var status = new byte[256];
        if (ReadStatus(folder, path, flags, kindOwnerAndSize, status) != 0)
        {
            return null;
        }

        var kind = BitConverter.ToUInt16(status, 28) & 0xF000;
        return new FileStatus(
            kind == 0x4000, kind == 0x8000, BitConverter.ToInt32(status, 20), BitConverter.ToInt32(status, 24),
            BitConverter.ToInt64(status, 40));
    }

#pragma warning disable SYSLIB1054 // The source generator would need unsafe code in the whole package.
    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ReadStatus(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] status);

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetUserId();
#pragma warning restore SYSLIB1054
}
