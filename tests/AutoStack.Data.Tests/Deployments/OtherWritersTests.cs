using System.Text.RegularExpressions;
using AutoStack.Data.Deployments;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>What other programs store and do: times that .NET cannot hold, and builds that they drive.</summary>
public sealed class OtherWritersTests : DatabaseTests
{
    private static readonly string[] OddTimes =
    [
        "infinity", "294276-12-31", "20000-01-01", "9999-12-31 23:59:59.999999", "2026-01-01", "0001-01-01", "0500-01-01 BC",
        "4713-01-01 BC", "-infinity",
    ];

    [Test]
    public async Task Pages_continue_past_times_that_no_DateTimeOffset_holds(
        [Values(1, 2, 3)] int limit, [Values("recent", "by project", "by filter")] string kind)
    {
        var project = await AddProjectAsync();
        var ids = new List<Guid>();
        foreach (var time in OddTimes.Concat(["infinity", "-infinity", "20000-01-01"]))
        {
            var deployment = await EnqueueAsync(project);
            await ExecuteAsync(
                "UPDATE deployments SET created_at = $2::text::timestamp, started_at = $2::text::timestamp WHERE id = $1",
                deployment.Id,
                time);
            ids.Add(deployment.Id);
        }

        var seen = new List<Guid>();
        for (Cursor? next = Cursor.Start; next is { } cursor;)
        {
            var page = await ListAsync(kind, project, cursor, limit);
            seen.AddRange(page.Items);
            Assert.That(seen, Has.Count.LessThanOrEqualTo(ids.Count), "without end");
            next = page.Next;
        }

        Assert.That(seen, Is.EquivalentTo(ids));
    }

    [TestCase("recent")]
    [TestCase("by project")]
    [TestCase("by filter")]
    public async Task A_page_continues_after_a_deployment_at_infinity_that_is_gone(string kind)
    {
        var project = await AddProjectAsync();
        for (var i = 0; i < 3; i++)
        {
            var deployment = await EnqueueAsync(project);
            await ExecuteAsync("UPDATE deployments SET created_at = 'infinity' WHERE id = $1", deployment.Id);
        }

        var all = (await ListAsync(kind, project, Cursor.Start, 3)).Items;
        var first = await ListAsync(kind, project, Cursor.Start, 1);
        await ExecuteAsync("DELETE FROM deployments WHERE id = $1", first.Items[0]);

        var rest = await ListAsync(kind, project, first.Next!.Value, 3);

        Assert.That(rest.Items, Is.EqualTo(all.Skip(1)));
    }

    [TestCase("infinity", "9999-12-31T23:59:59.9999999+00:00")]
    [TestCase("10000-01-01", "9999-12-31T23:59:59.9999999+00:00")]
    [TestCase("9999-12-31 23:59:59.999999", "9999-12-31T23:59:59.9999990+00:00")]
    [TestCase("0001-01-01", "0001-01-01T00:00:00.0000000+00:00")]
    [TestCase("0001-01-01 BC", "0001-01-01T00:00:00.0000000+00:00")]
    [TestCase("-infinity", "0001-01-01T00:00:00.0000000+00:00")]
    public async Task A_time_out_of_range_is_the_nearest_DateTimeOffset(string stored, string expected)
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET commit_timestamp = $2::text::timestamp WHERE id = $1", deployment.Id, stored);

        var read = await Deployments.FindAsync(deployment.Id, deployment.UserId, Token);

        Assert.That($"{read!.CommitTimestamp:O}", Is.EqualTo(expected));
    }

    [TestCase("infinity")]
    [TestCase("-infinity")]
    [TestCase("4713-01-01 BC")]
    [TestCase("294276-01-01")]
    public async Task Ends_and_sweeps_survive_a_start_that_is_not_finite(string time)
    {
        var one = await StartedAsync(DeploymentStatus.Building);
        var two = await StartedAsync(DeploymentStatus.Building);
        var healthy = await StartedAsync(DeploymentStatus.Building);
        foreach (var id in new[] { one.Id, two.Id })
        {
            await ExecuteAsync("UPDATE deployments SET started_at = $2::text::timestamp, created_at = '-infinity' WHERE id = $1", id, time);
        }

        Assert.That(await Lifecycle.FailAsync(one.Id, "x", Token), Is.EqualTo(TransitionOutcome.Applied));
        await ExecuteAsync(
            "UPDATE deployment_stages SET started_at = '2020-01-01', created_at = '2020-01-01' WHERE deployment_id = $1", two.Id);
        Clock.Advance(TimeSpan.FromHours(2));
        var failed = await Maintenance.FailStalledAsync(TimeSpan.FromHours(1), "quiet", 100, Token);
        Assert.That(failed, Does.Contain(healthy.Id));
    }

    [Test]
    public async Task Forbidden_nulls_are_read_as_empty_values()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync("ALTER TABLE deployments DROP CONSTRAINT deployments_required_check");
        await ExecuteAsync("UPDATE deployments SET status = NULL WHERE id = $1", deployment.Id);

        var row = (await Deployments.ListRecentAsync(deployment.UserId, Cursor.Start, 10, Token)).Items.Single();

        Assert.That((row.Deployment.Status.Value, row.Deployment.Status.IsKnown), Is.EqualTo(("", false)));
        await ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE id = $1", deployment.Id);
        await ExecuteAsync(
            "ALTER TABLE deployments ADD CONSTRAINT deployments_required_check CHECK (status IS NOT NULL AND created_at IS NOT NULL)");
    }

    [Test]
    public async Task A_cancel_that_the_Python_services_would_overwrite_is_reported()
    {
        var queued = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET started_at = created_at WHERE id = $1", queued.Id);
        var building = await StartedAsync(DeploymentStatus.Building);
        await ExecuteAsync("UPDATE deployment_stages SET stage_name = initcap(stage_name) WHERE deployment_id = $1", building.Id);
        var ours = await StartedAsync(DeploymentStatus.Building);
        var waiting = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployment_stages SET stage_name = initcap(stage_name) WHERE deployment_id = $1", waiting.Id);

        Assert.That(await CancelAsync(queued), Is.EqualTo(CancelOutcome.MayBeOverwritten));
        Assert.That(await CancelAsync(building), Is.EqualTo(CancelOutcome.MayBeOverwritten));
        Assert.That(await CancelAsync(ours), Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(
            await CancelAsync(waiting), Is.EqualTo(CancelOutcome.Cancelled), "queued by the Python services, and started by nobody");
        Assert.That(await CancelAsync(queued), Is.EqualTo(CancelOutcome.AlreadyCancelled));

        Task<CancelOutcome> CancelAsync(Deployment deployment) => Deployments.CancelAsync(deployment.Id, deployment.UserId, null, Token);
    }

    [Test]
    public async Task A_queued_deployment_that_another_program_started_can_stall()
    {
        var (left, waiting) = (await EnqueueAsync(), await EnqueueAsync());
        await ExecuteAsync("UPDATE deployments SET started_at = created_at WHERE id = $1", left.Id);
        Clock.Advance(TimeSpan.FromHours(2));

        var failed = await Maintenance.FailStalledAsync(TimeSpan.FromHours(1), "quiet", 1000, Token);

        Assert.That(failed, Does.Contain(left.Id).And.Not.Contain(waiting.Id));
    }

    [Test]
    public async Task Times_of_a_deployment_come_from_the_server()
    {
        await using var provider =
            new ServiceCollection().AddAutoStackData(Database.ConnectionString).AddAutoStackDataWorkers().BuildServiceProvider();
        var project = await AddProjectAsync();
        var before = await NowAsync();
        var queued = (await provider.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token))!;
        await ExecuteAsync(
            "UPDATE deployments SET status = 'building', started_at = (clock_timestamp() AT TIME ZONE 'UTC') - interval '90 s' WHERE id = "
                + "$1",
            queued.Id);
        await provider.GetRequiredService<IDeploymentLifecycle>().SucceedAsync(queued.Id, null, Token);
        var ended = (await Deployments.FindAsync(queued.Id, project.UserId, Token))!;
        var after = await NowAsync();

        Assert.That((queued.CreatedAt, ended.CompletedAt), Is.EqualTo((ended.CreatedAt, ended.CompletedAt)));
        Assert.That(new[] { queued.CreatedAt, ended.CompletedAt!.Value }, Is.All.InRange(before, after));
        Assert.That(ended.BuildDurationSeconds, Is.EqualTo(90).Within(1));

        // Quiet for a minute by the server's clock, and by no other.
        var stalled = (await provider.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token))!;
        await ExecuteAsync(
            "UPDATE deployments SET status = 'building', started_at = (clock_timestamp() AT TIME ZONE 'UTC') - interval '59 s', created_at "
                + "= '2020-01-01' WHERE id = $1",
            stalled.Id);
        await ExecuteAsync("DELETE FROM deployment_stages WHERE deployment_id = $1", stalled.Id);
        var maintenance = provider.GetRequiredService<IDeploymentMaintenance>();
        Assert.That(await maintenance.FailStalledAsync(TimeSpan.FromMinutes(5), "quiet", 1000, Token), Does.Not.Contain(stalled.Id));
        Assert.That(await maintenance.FailStalledAsync(TimeSpan.FromSeconds(50), "quiet", 1000, Token), Does.Contain(stalled.Id));
    }

    [Test]
    public void No_time_of_a_deployment_comes_from_a_host()
    {
        string[] folders = ["Deployments", "Containers", "HealthChecks"];
        var sources = folders.SelectMany(
            folder => Directory.EnumerateFiles(Path.Combine(SourceRoot.Path, "src", "AutoStack.Data", folder), "*.cs")).ToList();

        Assert.That(sources, Has.Count.GreaterThan(30));
        Assert.That(sources.Where(file => Regex.IsMatch(File.ReadAllText(file), @"\.Now\(\)|GetUtcNow")), Is.Empty);
        Assert.That(ServerTime.Now(TimeProvider.System).Value, Is.EqualTo(DBNull.Value));
    }

    private async Task<(IReadOnlyList<Guid> Items, Cursor? Next)> ListAsync(string kind, Project project, Cursor cursor, int limit)
    {
        if (kind == "by project")
        {
            var deployments = await Deployments.ListByProjectAsync(project.Id, project.UserId, cursor, limit, Token);
            return ([.. deployments.Items.Select(deployment => deployment.Id)], deployments.Next);
        }

        var page = kind == "recent"
            ? await Deployments.ListRecentAsync(project.UserId, cursor, limit, Token)
            : await Get<IDeploymentQueries>().ListAsync(
                project.UserId, new DeploymentFilter { ProjectId = project.Id }, cursor, limit, Token);
        return ([.. page.Items.Select(row => row.Deployment.Id)], page.Next);
    }

    private async Task<DateTimeOffset> NowAsync() =>
        new((DateTime)(await ScalarAsync("SELECT clock_timestamp() AT TIME ZONE 'UTC'"))!, TimeSpan.Zero);
}
