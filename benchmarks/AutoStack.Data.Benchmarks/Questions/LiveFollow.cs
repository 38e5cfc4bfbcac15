using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Logs;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>
/// How long a line takes from its commit to those who follow. There is nothing to compare with, and what counts is the slowest of a
/// hundred, so that it does not run under BenchmarkDotNet.
/// </summary>
internal static class LiveFollow
{
    private const int Followers = 1_000;
    private const int Lines = 1_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Follows a thousand logs over one connection, while a line comes every hundredth of a second, each time in another log.
    /// </summary>
    /// <returns>What came of it, in a sentence.</returns>
    public static async Task<string> MeasureAsync()
    {
        await using var subjects = new Subjects(BenchmarkDatabase.Current.ConnectionString);
        var logs = subjects.Get<IPlatformDeploymentLogRepository>();
        var fixtures = BenchmarkDatabase.Current.Fixtures;
        var deployments = await Raw.ListAsync(
            subjects.Raw,
            """
            INSERT INTO deployments (id, project_id, user_id, status, branch, creator_type, created_at)
            SELECT gen_random_uuid(), $1, $2, 'building', 'main', 'manual', clock_timestamp() AT TIME ZONE 'UTC'
            FROM generate_series(1, $3)
            RETURNING id
            """,
            row => row.GetGuid(0), Raw.Uuid(fixtures.ProjectId), Raw.Uuid(fixtures.HeavyUserId), Raw.Integer(Followers));

        // The first line of each log tells that its follower is there.
        var (delivered, there, twice) = (new long[Lines], 0, 0);
        using var stop = new CancellationTokenSource();
        Task[] followers = [.. deployments.Select(FollowAsync)];
        foreach (var id in deployments)
        {
            await logs.AppendAsync(id, [new NewDeploymentLog { Message = "-1" }], CancellationToken.None);
        }

        await UntilAsync(() => Volatile.Read(ref there) == Followers);
        var committed = new long[Lines];
        for (var i = 0; i < Lines; i++)
        {
            var line = new NewDeploymentLog { Message = i.ToString(CultureInfo.InvariantCulture) };
            await logs.AppendAsync(deployments[i * 7 % Followers], [line], CancellationToken.None);
            committed[i] = Stopwatch.GetTimestamp();
            await Task.Delay(Pause);
        }

        await UntilAsync(() => delivered.All(time => time != 0));
        await stop.CancelAsync();
        await Task.WhenAll(followers);
        await Raw.ListAsync(subjects.Raw, "DELETE FROM deployments d WHERE d.status = 'building'", _ => 0);

        double[] delays = [.. committed.Zip(delivered)
            .Where(pair => pair.Second != 0)
            .Select(pair => Math.Max(0, Stopwatch.GetElapsedTime(pair.First, pair.Second).TotalMilliseconds))
            .Order()];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"live follow, {Followers:N0} followers on one connection: from the commit to the delivery {At(50):0} ms at the median, "
                + $"{At(99):0} ms at p99; "
            + $"of {Lines:N0} lines {Lines - delays.Length} missed, {twice} twice");

        double At(int percent) => delays.Length == 0 ? double.NaN : delays[Math.Min(delays.Length - 1, delays.Length * percent / 100)];

        async Task FollowAsync(Guid id)
        {
            try
            {
                await foreach (var line in subjects.Get<IDeploymentLogFollower>().FollowAsync(
                    id, fixtures.HeavyUserId, Cursor.Start, stop.Token))
                {
                    var number = int.Parse(line.Message, CultureInfo.InvariantCulture);
                    if (number < 0)
                    {
                        Interlocked.Increment(ref there);
                    }
                    else if (Interlocked.Exchange(ref delivered[number], Stopwatch.GetTimestamp()) != 0)
                    {
                        Interlocked.Increment(ref twice);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // All have what was sent.
            }
        }
    }

    private static async Task UntilAsync(Func<bool> done)
    {
        var waited = Stopwatch.StartNew();
        while (!done() && waited.Elapsed < Patience)
        {
            await Task.Delay(5);
        }
    }
}
