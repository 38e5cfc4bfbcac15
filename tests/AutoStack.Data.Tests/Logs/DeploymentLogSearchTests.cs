using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Logs;

public sealed class DeploymentLogSearchTests : DatabaseTests
{
    private IDeploymentLogSearch Search => Get<IDeploymentLogSearch>();

    [Test]
    public async Task The_lines_of_all_deployments_are_found_newest_deployment_first()
    {
        var project = await AddProjectAsync();
        var old = await LoggedAsync(project, "An ERROR", "fine", "no error");
        await LoggedAsync(project, "fine");
        await LoggedAsync(project);
        var young = await LoggedAsync(project, "\u001B[31mer\u001B[1mror\u001B[0m in a.ts");
        await LoggedAsync(await AddProjectAsync(), "error of a stranger");

        var page = await SearchAsync(project, "Error");

        Assert.That(
            page.Items.Select(m => (m.Line.DeploymentId, m.Line.Seq)),
            Is.EqualTo(new[] { (young.Id, 1L), (old.Id, 1L), (old.Id, 3L) }));
        Assert.That(
            page.Items.Select(m => m.Snippet.Text.Substring(m.Snippet.Start, m.Snippet.Length)),
            Is.EqualTo(new[] { "error", "ERROR", "error" }));
        Assert.That(page.Items[0].Snippet.Text, Is.EqualTo("error in a.ts"));
        Assert.That((page.Next, page.LinesSearched, page.DeploymentsSearched), Is.EqualTo(((Cursor?)null, 5, 4)));
        Assert.That(page.BackTo, Is.EqualTo(old.CreatedAt));
    }

    [Test]
    public async Task A_scope_selects_by_project_and_by_time_and_a_deleted_deployment_is_left_out()
    {
        var project = await AddProjectAsync();
        var other = await AddProjectAsync(project.UserId);
        var first = await LoggedAsync(project, "x");
        var second = await LoggedAsync(other, "x");
        var deleted = await LoggedAsync(project, "x");
        await ExecuteAsync("UPDATE deployments SET is_deleted = TRUE WHERE id = $1", deleted.Id);
        await ExecuteAsync("UPDATE deployments SET created_at = '2026-01-01' WHERE id = $1", first.Id);
        await ExecuteAsync("UPDATE deployments SET created_at = '2026-01-02' WHERE id = $1", second.Id);
        var begin = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        await AssertAsync(LogSearchScope.All, second, first);
        await AssertAsync(new LogSearchScope { ProjectId = project.Id }, first);
        await AssertAsync(new LogSearchScope { Queued = new TimeRange(begin, begin.AddDays(1)) }, first);
        await AssertAsync(new LogSearchScope { Queued = new TimeRange(begin.AddDays(1), begin.AddDays(2)) }, second);
        await AssertAsync(new LogSearchScope { Queued = new TimeRange(begin, begin.AddDays(2)), ProjectId = other.Id }, second);
        await ExecuteAsync("UPDATE deployments SET created_at = 'infinity' WHERE id = $1", first.Id);
        await AssertAsync(LogSearchScope.All, first, second);

        async Task AssertAsync(LogSearchScope scope, params Deployment[] expected)
        {
            var page = await Search.SearchAsync(project.UserId, "x", scope, Cursor.Start, 10, Token);
            Assert.That(page.Items.Select(m => m.Line.DeploymentId), Is.EqualTo(expected.Select(d => d.Id)), $"{scope}");
        }
    }

    // Every place at which a page can end: between two deployments, in the middle of a log, at an empty log, at equal times.
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(7)]
    [TestCase(1000)]
    public async Task Pages_continue_without_gap_or_repetition(int limit)
    {
        var project = await AddProjectAsync();
        var expected = new List<(Guid, long)>();
        for (var i = 0; i < 6; i++)
        {
            var deployment = await LoggedAsync(project, [.. Enumerable.Range(0, i).SelectMany(n => new[] { $"xyz {n}", "y" })]);
            await ExecuteAsync("UPDATE deployments SET created_at = '2026-01-01' WHERE id = $1", deployment.Id);
            expected.AddRange(Enumerable.Range(0, i).Select(n => (deployment.Id, (2L * n) + 1)));
        }

        var found = new List<(Guid, long)>();
        for (Cursor? next = Cursor.Start; next is { } cursor;)
        {
            var page = await Search.SearchAsync(project.UserId, "xyz", LogSearchScope.All, Cursor.Parse(cursor.ToString()), limit, Token);
            Assert.That(page.Items, Has.Count.LessThanOrEqualTo(limit));
            found.AddRange(page.Items.Select(m => (m.Line.DeploymentId, m.Line.Seq)));
            next = page.Next;
        }

        Assert.That(found, Is.EqualTo(expected.GroupBy(line => line.Item1).OrderByDescending(log => log.Key).SelectMany(log => log)));
    }

    [TestCase("abc")]
    [TestCase("a")]
    public async Task More_deployments_than_a_statement_lists_are_searched(string text)
    {
        var project = await AddProjectAsync();
        var oldest = await LoggedAsync(project, "abc");
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, created_at)
            SELECT gen_random_uuid(), d.project_id, d.user_id, 'success', d.created_at + n * interval '1 s'
            FROM deployments d, generate_series(1, 450) n
            WHERE d.id = $1
            """, oldest.Id);

        var page = await SearchAsync(project, text);

        Assert.That(page.Items.Select(match => match.Line.DeploymentId), Is.EqualTo(new[] { oldest.Id }));
        Assert.That((page.Next, page.DeploymentsSearched), Is.EqualTo(((Cursor?)null, 451)));
    }

    [Test]
    public async Task At_the_end_of_its_time_a_search_says_how_far_it_came_and_continues()
    {
        var project = await AddProjectAsync();
        for (var i = 0; i < 3; i++)
        {
            await LoggedAsync(project, [.. Enumerable.Repeat("fine", 1_500), "a-b-c"]);
        }

        await using var provider = new ServiceCollection()
            .AddAutoStackData(
                o => (o.ConnectionString, o.MinPoolSize, o.LogSearchTime) = (Database.ConnectionString, 0, TimeSpan.FromTicks(1)))
            .BuildServiceProvider();
        var search = provider.GetRequiredService<IDeploymentLogSearch>();
        var pages = new List<LogSearchPage>();
        for (Cursor? next = Cursor.Start; next is { } cursor; next = pages[^1].Next)
        {
            pages.Add(await search.SearchAsync(project.UserId, "A-B", LogSearchScope.All, cursor, 10, Token));
        }

        Assert.That(pages, Has.Count.GreaterThan(2));
        Assert.That(pages[0].LinesSearched, Is.EqualTo(2_000));
        Assert.That(pages.Sum(page => page.LinesSearched), Is.EqualTo(4_503));
        Assert.That(pages.Sum(page => page.DeploymentsSearched), Is.EqualTo(3));
        Assert.That(pages.SelectMany(page => page.Items).Select(m => m.Line.Seq), Is.EqualTo(new[] { 1_501L, 1_501, 1_501 }));
    }

    [Test]
    public async Task A_page_that_starts_where_lines_were_removed_meanwhile_goes_on_with_the_next()
    {
        var project = await AddProjectAsync();
        var old = await LoggedAsync(project, "x");
        var young = await LoggedAsync(project, "x", "x", "x");

        var first = await Search.SearchAsync(project.UserId, "x", LogSearchScope.All, Cursor.Start, 1, Token);
        await ExecuteAsync("DELETE FROM deployments WHERE id = $1", young.Id);
        var second = await Search.SearchAsync(project.UserId, "x", LogSearchScope.All, first.Next!.Value, 10, Token);

        Assert.That(second.Items.Select(m => m.Line.DeploymentId), Is.EqualTo(new[] { old.Id }));
        Assert.That(second.Next, Is.Null);
    }

    [Test]
    public void Invalid_arguments_are_named()
    {
        Refuses(() => SearchAsync(text: null!), "text");
        Refuses(() => SearchAsync(text: ""), "text");
        Refuses(() => SearchAsync(text: new string('x', 1_001)), "text");
        Refuses(() => SearchAsync(limit: 0), "limit");
        Refuses(() => SearchAsync(limit: 1_001), "limit");
        Refuses(() => SearchAsync(cursor: Cursor.After(1)), "cursor");
        Refuses(() => Search.SearchAsync(Guid.NewGuid(), "x", null!, Cursor.Start, 1, Token), "scope");
        var empty = new LogSearchScope { Queued = new TimeRange(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch) };
        Refuses(() => Search.SearchAsync(Guid.NewGuid(), "x", empty, Cursor.Start, 1, Token), "scope.Queued");

        Task SearchAsync(string text = "x", Cursor cursor = default, int limit = 10) =>
            Search.SearchAsync(Guid.NewGuid(), text, LogSearchScope.All, cursor, limit, Token);

        static void Refuses(Func<Task> call, string name) =>
            Assert.That(call, Throws.InstanceOf<ArgumentException>().With.Property("ParamName").EqualTo(name));
    }

    private Task<LogSearchPage> SearchAsync(Project project, string text) =>
        Search.SearchAsync(project.UserId, text, LogSearchScope.All, Cursor.Start, 100, Token);

    private async Task<Deployment> LoggedAsync(Project project, params string[] lines)
    {
        var deployment = await EnqueueAsync(project);
        await PlatformLogs.AppendAsync(deployment.Id, [.. lines.Select(line => new NewDeploymentLog { Message = line })], Token);
        return deployment;
    }
}
