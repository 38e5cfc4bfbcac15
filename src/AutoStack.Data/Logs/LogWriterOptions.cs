using AutoStack.Data.Values;

namespace AutoStack.Data.Logs;

/// <summary>How <see cref="IDeploymentLogWriter"/> collects lines. Sizes of lines are bytes of their text in UTF-8.</summary>
public sealed class LogWriterOptions
{
    /// <summary>How long a line waits for others before they are stored together; above zero, up to one hour. Default 100 ms.</summary>
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>So many lines are stored without waiting any longer, and at most so many at once; 1 to 50,000. Default 20,000.</summary>
    public int FlushLines { get; set; } = 20_000;

    /// <summary>So many bytes are stored without waiting any longer, and at most so many at once; 1 KiB to 64 MiB. Default 4 MiB.</summary>
    public int FlushBytes { get; set; } = 4 << 20;

    /// <summary>
    /// The maximum number of buffered lines; further writes wait. One deployment takes at most as many as are left beside all that is
    /// buffered. 1 to 10,000,000. Default 100,000.
    /// </summary>
    public int MaxBufferedLines { get; set; } = 100_000;

    /// <summary>
    /// The maximum number of buffered bytes; further writes wait. One deployment takes at most as many as are left beside all that is
    /// buffered. 1 KiB to 16 GiB. Default 64 MiB.
    /// </summary>
    public long MaxBufferedBytes { get; set; } = 64 << 20;

    /// <summary>
    /// The maximum size of a line; a longer one is cut, and says so at its end. Also applies to
    /// <see cref="IPlatformDeploymentLogRepository.AppendAsync"/>. 256 bytes to 16 MiB. Default 64 KiB.
    /// </summary>
    public int MaxLineBytes { get; set; } = 64 << 10;

    /// <summary>
    /// The maximum size of a deployment's log, 128 bytes per line included, 1 KiB and more; null for no bound. Counts what every writer of
    /// every process has ever stored of the deployment, and also applies to <see cref="IPlatformDeploymentLogRepository.AppendAsync"/>. One
    /// line at the end says that the bound was reached; further lines are not stored. Default 64 MiB: about 300,000 lines, more than
    /// anybody reads.
    /// </summary>
    public long? MaxBytesPerDeployment { get; set; } = 64 << 20;

    /// <summary>
    /// For how long the database may be away, or another transaction may hold the log of a deployment, before callers that wait get an
    /// error: those that flush, and those that find no room. Buffered lines stay, and are stored later. Above zero; null, the default:
    /// callers wait for as long as their tokens allow.
    /// </summary>
    public TimeSpan? FailAfter { get; set; }

    /// <summary>
    /// For how long the end of the services waits until what is held is stored; zero to one hour. What is not is lost, and logged as an
    /// error. Default 15 s.
    /// </summary>
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Throws when a setting is wrong.</summary>
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
