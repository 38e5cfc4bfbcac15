using System.Runtime.InteropServices;

namespace AutoStack.Data.Archives;

/// <summary>Brings the entries of a folder to the disk: a renamed file is durable only after that. .NET opens files only.</summary>
internal static class DiskFolder
{
    /// <summary>Flushes a folder. Windows brings a rename to its disk itself.</summary>
    /// <exception cref="IOException">The system reports an error.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const int readOnly = 0;
        var descriptor = Open(folder, readOnly);
        if (descriptor < 0)
        {
            throw Failed(folder);
        }

        try
        {
            // A file system that cannot flush a folder says that the argument is invalid.
            const int invalid = 22;
            if (Flush(descriptor) != 0 && Marshal.GetLastPInvokeError() != invalid)
            {
                throw Failed(folder);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }
    }

    private static IOException Failed(string folder) =>
        new($"{folder} cannot be flushed: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");

#pragma warning disable SYSLIB1054 // The source generator would need unsafe code in the whole library.
    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Flush(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
#pragma warning restore SYSLIB1054
}
