using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>How <see cref="IDeploymentLogWriter"/> buffers lines. The size of a line is that of its text in UTF-8.</summary>
public sealed class LogWriterOptions
{
    /// <summary>The maximum time that a line is buffered before a flush; above zero, up to one hour. Default 100 ms.</summary>
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The number of buffered lines that triggers a flush, and the maximum per flush; 1 to 50,000. Default 20,000.</summary>
    public int FlushLines { get; set; } = 20_000;

    /// <summary>The number of buffered bytes that triggers a flush, and the maximum per flush; 1 KiB to 64 MiB. Default 4 MiB.</summary>
    public int FlushBytes { get; set; } = 4 << 20;

    /// <summary>
    /// The maximum number of buffered lines; further writes wait. One deployment may use at most as many lines as are free beside all
    /// buffered lines. 1 to 10,000,000. Default 100,000.
    /// </summary>
    public int MaxBufferedLines { get; set; } = 100_000;

    /// <summary>
    /// The maximum number of buffered bytes; further writes wait. One deployment may use at most as many bytes as are free beside all
    /// buffered lines. 1 KiB to 16 GiB. Default 64 MiB.
    /// </summary>
    public long MaxBufferedBytes { get; set; } = 64 << 20;

    /// <summary>
    /// The maximum size of a line; a longer line is cut and ends with a note of the missing bytes. Also applies to
    /// <see cref="IPlatformDeploymentLogRepository.AppendAsync"/>. 256 bytes to 16 MiB. Default 64 KiB.
    /// </summary>
    public int MaxLineBytes { get; set; } = 64 << 10;

    /// <summary>
    /// The maximum size of a deployment's log, counting 128 bytes per line beyond its text; at least 1 KiB, null for no maximum. The size
    /// includes all lines ever stored for the deployment by any writer of any process. Also applies to
    /// <see cref="IPlatformDeploymentLogRepository.AppendAsync"/>. The last line reports that the maximum was reached; further lines are
    /// not stored. Default 64 MiB: about 300,000 lines.
    /// </summary>
    public long? MaxBytesPerDeployment { get; set; } = 64 << 20;

    /// <summary>
    /// How long the database may be unreachable, or another transaction may hold the log of a deployment, before waiting calls fail: calls
    /// that flush, and writes that wait for room. Buffered lines stay and are stored later. An attempt that hangs does not delay the
    /// failure, but has at least two seconds. Above zero; null, the default: calls wait until their tokens are cancelled.
    /// </summary>
    public TimeSpan? FailAfter { get; set; }

    /// <summary>
    /// How long disposing the services waits for buffered lines to be stored; zero to one hour. Lines not stored by then are lost, and
    /// their number is logged as an error. A server that does not answer delays the disposal by a second more at most. Default 15 s.
    /// </summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Throws when a setting is out of range.</summary>
    internal void Validate()
    {
        var hour = TimeSpan.FromHours(1);
        Check(nameof(FlushInterval), FlushInterval, FlushInterval > TimeSpan.Zero && FlushInterval <= hour, "above zero, up to one hour");
        Check(nameof(FlushLines), FlushLines, FlushLines is >= 1 and <= 50_000, "1 to 50,000");
        Check(nameof(FlushBytes), FlushBytes, FlushBytes is >= 1 << 10 and <= 64 << 20, "1 KiB to 64 MiB");
        Check(nameof(MaxBufferedLines), MaxBufferedLines, MaxBufferedLines is >= 1 and <= 10_000_000, "1 to 10,000,000");
        Check(nameof(MaxBufferedBytes), MaxBufferedBytes, MaxBufferedBytes is >= 1 << 10 and <= 16L << 30, "1 KiB to 16 GiB");
        Check(nameof(MaxLineBytes), MaxLineBytes, MaxLineBytes is >= 256 and <= 16 << 20, "256 bytes to 16 MiB");
        Check(nameof(MaxBytesPerDeployment), MaxBytesPerDeployment, MaxBytesPerDeployment is null or >= 1 << 10, "1 KiB or more, or null");
        Check(nameof(FailAfter), FailAfter, FailAfter is null || FailAfter > TimeSpan.Zero, "above zero, or null");
        Check(nameof(DrainTimeout), DrainTimeout, DrainTimeout >= TimeSpan.Zero && DrainTimeout <= hour, "zero to one hour");

        static void Check(string setting, object? value, bool valid, string range) =>
            InvalidSetting.Check(typeof(LogWriterOptions), $"LogWriter.{setting}", value, valid, range);
    }
}
