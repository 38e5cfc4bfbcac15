using AutoStack.Data.Analytics;

namespace AutoStack.Data.Tests.Analytics;

public sealed class UsageQueriesTests : AnalyticsTests
{
    private static readonly TimeRange March = Range("2026-03-01", "2026-04-01");

    private IUsageQueries Usage => Get<IUsageQueries>();

    [Test]
    public async Task Usage_is_of_the_range_and_counts_what_was_deleted()
    {
        var (own, rows) = await AddWorldAsync(5, 400, March.From, March.To, Utc("2025-03-15"));
        await AddProjectAsync(own[0].UserId);

        var usage = await Usage.ListProjectUsageAsync(own[0].UserId, March, 100, null, Token);

        Assert.That(rows, Has.Some.Matches<Row>(r => r.IsDeleted && r.OwnerId == own[0].UserId && r.CreatedAt >= March.From && r.CreatedAt < March.To));
        Assert.That(usage, Is.EqualTo(own.OrderBy(p => p.Id.ToString(), StringComparer.Ordinal).Select(project =>
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
    public async Task Seconds_beyond_an_integer_are_added_up()
    {
        var project = await AddProjectAsync();
        await InsertAsync([.. Enumerable.Range(0, 3).Select(
            _ => new Row(Guid.NewGuid(), project.Id, project.UserId, "success", March.From, int.MaxValue, IsDeleted: false))]);

        Assert.That((await Usage.ListProjectUsageAsync(project.UserId, March, 1, null, Token)).Single().BuildSeconds, Is.EqualTo(3L * int.MaxValue));
    }

    [Test]
    public async Task Pages_meet_and_together_are_the_list()
    {
        var owner = (await AddUserAsync()).Id;
        var rows = new List<Row>();
        for (var i = 0; i < 7; i++)
        {
            var project = await AddProjectAsync(owner);
            rows.Add(new Row(Guid.NewGuid(), project.Id, owner, "building", March.From, null, IsDeleted: false));
        }

        await InsertAsync(rows);
        var all = await Usage.ListProjectUsageAsync(owner, March, 100, null, Token);
        var paged = new List<ProjectUsage>();
        for (var page = await Usage.ListProjectUsageAsync(owner, March, 3, null, Token); page.Count > 0;
            page = await Usage.ListProjectUsageAsync(owner, March, 3, page[^1].ProjectId, Token))
        {
            Assert.That(page, Has.Count.LessThanOrEqualTo(3));
            paged.AddRange(page);
            Assert.That(paged, Has.Count.LessThanOrEqualTo(all.Count), "a page begins behind the one before");
        }

        Assert.That(all, Has.Count.EqualTo(7));
        Assert.That(all, Is.All.Matches<ProjectUsage>(u => u is { Deployments: 1, Succeeded: 0, BuildSeconds: 0 }));
        Assert.That(paged, Is.EqualTo(all));
        Assert.That(await Usage.ListProjectUsageAsync(owner, March, 3, Guid.AllBitsSet, Token), Is.Empty);
    }

    [Test]
    public async Task Bad_ranges_and_limits_are_named()
    {
        var owner = (await AddProjectAsync()).UserId;
        foreach (var range in BadRanges)
        {
            Assert.That(
                () => Usage.ListProjectUsageAsync(owner, range, 1, null, Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("range"));
        }

        foreach (var limit in new[] { 0, -1, IUsageQueries.MaxListSize + 1, int.MaxValue })
        {
            Assert.That(
                () => Usage.ListProjectUsageAsync(owner, March, limit, null, Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("limit"));
        }

        foreach (var range in OddRanges)
        {
            Assert.That(await Usage.ListProjectUsageAsync(owner, range, 1, null, Token), Is.Empty);
        }
    }

    [Test]
    public async Task Created_since_counts_from_the_moment_on_and_also_what_was_deleted()
    {
        var (own, rows) = await AddWorldAsync(6, 200, March.From, March.To);
        var owners = rows.Where(r => r.OwnerId == own[0].UserId).ToList();

        foreach (var since in new[] { March.From, March.From.AddMicroseconds(1), March.To, DateTimeOffset.MinValue, DateTimeOffset.MaxValue })
        {
            Assert.That(await Usage.CountCreatedSinceAsync(own[0].UserId, since, Token), Is.EqualTo(owners.Count(r => r.CreatedAt >= since)));
        }

        Assert.That(await Usage.CountCreatedSinceAsync(own[0].UserId, March.To.ToOffset(TimeSpan.FromHours(5.5)), Token), Is.EqualTo(owners.Count(r => r.CreatedAt >= March.To)));
        Assert.That(await Usage.CountCreatedSinceAsync(Guid.NewGuid(), March.From, Token), Is.Zero);
    }

    [Test]
    public async Task Active_is_what_is_neither_over_nor_deleted()
    {
        var (own, rows) = await AddWorldAsync(7, 200, March.From, March.To);

        var active = await Usage.CountActiveAsync(own[0].UserId, Token);

        Assert.That(active, Is.EqualTo(rows.Count(r => r.OwnerId == own[0].UserId && !r.Finished && !r.IsDeleted)).And.GreaterThan(5));
        Assert.That(await Usage.CountActiveAsync(Guid.NewGuid(), Token), Is.Zero);
    }
}
