namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>queue</c> as JSON.</summary>
/// <remarks>
/// <code>
/// queue status, {"outcome":null,"waiting":12,"paused":3,"scheduled":1,"nextStart":"…","pauses":[{"projectId":null,"pausedBy":"Ada",
/// pause, resume "reason":"maintenance","pausedAt":"…"},…],"more":false}
/// outcome is paused, alreadyPaused, resumed or notPaused, and null for status; projectId is null for the whole queue; numbers are counted
/// up to 100000
/// </code>
/// </remarks>
internal static class QueueJson
{
    public static object Of(QueueReport report) => new
    {
        report.Outcome,
        report.Counts.Waiting,
        report.Counts.Paused,
        report.Counts.Scheduled,
        report.Counts.NextStart,
        report.Pauses,
        report.More,
    };
}
