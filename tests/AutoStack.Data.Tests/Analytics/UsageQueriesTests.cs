using AutoStack.Data.Analytics;

namespace AutoStack.Data.Tests.Analytics;

public sealed class UsageQueriesTests : AnalyticsTests
{
    private static readonly TimeRange March = Range("2026-03-01", "2026-04-01");

    private IUsageQueries Usage => Get<IUsageQueries>();

    [Test]
    public async Task Usage_counts_deployments_of_the_range_including_deleted_ones()
    {
        var (own, rows) = await AddWorldAsync(5, 400, March.From, March.To, Utc("2025-03-15"));
        await AddProjectAsync(own[0].UserId);

        var usage = await Usage.ListProjectUsageAsync(own[0].UserId, March, Cursor.Start, 100, Token);

        Assert.That(
            rows,
            Has.Some.Matches<Row>(r => r.IsDeleted && r.OwnerId == own[0].UserId && r.CreatedAt >= March.From && r.CreatedAt < March.To));
        Assert.That(usage.Items, Is.EqualTo(own.OrderBy(p => p.Id.ToString(), StringComparer.Ordinal).Select(project =>
        {
            var counted = In(rows.Where(r => r.ProjectId == project.Id), March).ToList();
            return new ProjectUsage
            {
                ProjectId = project.Id,
                ProjectName = project.Name,
                Deployments = counted.Count,
                Succeeded = counted.Count(r => r.Succeeded),
                BuildSeconds = counted.Sum(r => (long)(r.BuildSeconds ?? 0)),
            };
        })));
    }

    [Test]
    public async Task Build_seconds_add_up_beyond_32_bits()
    {
        var project = await AddProjectAsync();
        await InsertAsync([.. Enumerable.Range(0, 3).Select(
            _ => new Row(Guid.NewGuid(), project.Id, project.UserId, "success", March.From, int.MaxValue, IsDeleted: false))]);

        Assert.That(
            (await Usage.ListProjectUsageAsync(project.UserId, March, Cursor.Start, 1, Token)).Items.Single().BuildSeconds,
            Is.EqualTo(3L * int.MaxValue));
    }

    [Test]
    public async Task Pages_together_are_the_whole_list_without_repeats()
    {
        var owner = (await AddUserAsync()).Id;
        var rows = new List<Row>();
        for (var i = 0; i < 7; i++)
        {
            var project = await AddProjectAsync(owner);
            rows.Add(new Row(Guid.NewGuid(), project.Id, owner, "building", March.From, null, IsDeleted: false));
        }

        await InsertAsync(rows);
        var all = await Usage.ListProjectUsageAsync(owner, March, Cursor.Start, 7, Token);
        var paged = new List<ProjectUsage>();
        for (Cursor? cursor = Cursor.Start; cursor is { } place;)
        {
            var page = await Usage.ListProjectUsageAsync(owner, March, place, 3, Token);
            Assert.That(page.Items, Has.Count.LessThanOrEqualTo(3));
            paged.AddRange(page.Items);
            Assert.That(paged, Has.Count.LessThanOrEqualTo(7), "a page starts after the previous one");
            cursor = page.Next;
        }

        Assert.That((all.Items.Count, all.Next), Is.EqualTo((7, (Cursor?)null)));
        Assert.That(all.Items, Is.All.Matches<ProjectUsage>(u => u is { Deployments: 1, Succeeded: 0, BuildSeconds: 0 }));
        Assert.That(paged, Is.EqualTo(all.Items));
        Assert.That((await Usage.ListProjectUsageAsync(owner, March, Cursor.After(Guid.AllBitsSet), 3, Token)).Items, Is.Empty);
        Assert.That(
            () => Usage.ListProjectUsageAsync(owner, March, Cursor.After(1), 3, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("cursor"));
    }

    [Test]
    public async Task Invalid_ranges_and_limits_are_refused_by_name()
    {
        var owner = (await AddProjectAsync()).UserId;
        foreach (var range in BadRanges)
        {
            Assert.That(
                () => Usage.ListProjectUsageAsync(owner, range, Cursor.Start, 1, Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("range"));
        }

        foreach (var limit in new[] { 0, -1, IUsageQueries.MaxListSize + 1, int.MaxValue })
        {
            Assert.That(
                () => Usage.ListProjectUsageAsync(owner, March, Cursor.Start, limit, Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("limit"));
        }

        foreach (var range in OddRanges)
        {
            Assert.That((await Usage.ListProjectUsageAsync(owner, range, Cursor.Start, 1, Token)).Items, Is.Empty);
        }
    }

    [Test]
    public async Task Created_since_includes_the_moment_itself_and_deleted_deployments()
    {
        var (own, rows) = await AddWorldAsync(6, 200, March.From, March.To);
        var owners = rows.Where(r => r.OwnerId == own[0].UserId).ToList();

        foreach (var since in new[]
        {
            March.From, March.From.AddMicroseconds(1), March.To, DateTimeOffset.MinValue, DateTimeOffset.MaxValue,
        })
        {
            Assert.That(
                await Usage.CountCreatedSinceAsync(own[0].UserId, since, Token),
                Is.EqualTo(owners.Count(r => r.CreatedAt >= since)));
        }

        Assert.That(
            await Usage.CountCreatedSinceAsync(own[0].UserId, March.To.ToOffset(TimeSpan.FromHours(5.5)), Token),
            Is.EqualTo(owners.Count(r => r.CreatedAt >= March.To)));
        Assert.That(await Usage.CountCreatedSinceAsync(Guid.NewGuid(), March.From, Token), Is.Zero);
    }

    [Test]
    public async Task Active_counts_deployments_neither_ended_nor_deleted()
    {
        var (own, rows) = await AddWorldAsync(7, 200, March.From, March.To);

        var active = await Usage.CountActiveAsync(own[0].UserId, Token);

        Assert.That(active, Is.EqualTo(rows.Count(r => r.OwnerId == own[0].UserId && !r.Finished && !r.IsDeleted)).And.GreaterThan(5));
        Assert.That(await Usage.CountActiveAsync(Guid.NewGuid(), Token), Is.Zero);
    }
}
