using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests;

/// <summary>Searches whose lines do not fit into one statement, and logs whose first lines are purged.</summary>
public sealed class IndexedSearchTests : DatabaseTests
{
    private const int Count = 2_345;

    [Test]
    public async Task More_lines_than_a_statement_reads_are_found_in_their_order()
    {
        var deployment = await LoggedAsync();

        var results = new List<LogSearchResult>();
        for (var next = Cursor.Start; results.Count == 0 || !results[^1].IsComplete; next = results[^1].SearchedTo)
        {
            results.Add(await Logs.SearchAsync(deployment.Id, deployment.UserId, "needle", next, 1000, Token));
        }

        var pages = new List<LogSearchPage>();
        for (Cursor? next = Cursor.Start; next is { } cursor; next = pages[^1].Next)
        {
            pages.Add(await Get<IDeploymentLogSearch>()
                .SearchAsync(deployment.UserId, "needle", LogSearchScope.All, cursor, 1000, Token));
        }

        var expected = Enumerable.Range(1, Count).Select(n => 2L * n);
        Assert.That(results.SelectMany(result => result.Items).Select(line => line.Seq), Is.EqualTo(expected));
        Assert.That(results.Select(result => result.LinesSearched), Is.EqualTo(new[] { 2000, 2000, 691 }));
        Assert.That(results[^1].SearchedTo, Is.EqualTo(Cursor.After((2 * Count) + 1)));
        Assert.That(pages.SelectMany(page => page.Items).Select(match => match.Line.Seq), Is.EqualTo(expected));
        Assert.That(pages.Select(page => page.LinesSearched), Is.EqualTo(new[] { 2000, 2000, 691 }));
        Assert.That(pages[^1].DeploymentsSearched, Is.EqualTo(1));
    }

    [Test]
    public async Task Purged_lines_are_not_counted_as_searched()
    {
        var deployment = await LoggedAsync();
        await ExecuteAsync("DELETE FROM deployment_logs WHERE deployment_id = $1 AND seq <= 4000", deployment.Id);

        var one = await Logs.SearchAsync(deployment.Id, deployment.UserId, "nothing", Cursor.Start, 10, Token);
        var all = await Get<IDeploymentLogSearch>()
            .SearchAsync(deployment.UserId, "nothing", LogSearchScope.All, Cursor.Start, 10, Token);

        Assert.That((one.IsComplete, one.LinesSearched), Is.EqualTo((true, 691)));
        Assert.That((all.Next, all.LinesSearched, all.DeploymentsSearched), Is.EqualTo(((Cursor?)null, 691, 1)));
    }

    // Lines of 20 kB that are full of colours: 12 MB, more than one statement may look at.
    [TestCase(true)]
    [TestCase(false)]
    public async Task A_large_log_is_searched_in_parts_of_bounded_size(bool hasSize)
    {
        const int Lines = 600;
        var deployment = await EnqueueAsync();
        var coloured = string.Concat(Enumerable.Repeat("\u001b[31mok\u001b[0m ", 1_600));
        for (var i = 0; i < Lines; i += 100)
        {
            await PlatformLogs.AppendAsync(
                deployment.Id,
                [.. Enumerable.Range(i, 100).Select(n => new NewDeploymentLog { Message = n % 250 == 249 ? $"a needle {n}" : coloured })],
                Token);
        }

        if (!hasSize)
        {
            await ExecuteAsync("UPDATE deployment_logs SET log_bytes = NULL WHERE deployment_id = $1", deployment.Id);
        }

        await using var host = new ServiceCollection()
            .AddAutoStackData(
                o => (o.ConnectionString, o.MinPoolSize, o.LogSearchTime) = (Database.ConnectionString, 0, TimeSpan.FromTicks(1)))
            .BuildServiceProvider();
        var results = new List<LogSearchResult>();
        for (var next = Cursor.Start; results.Count == 0 || !results[^1].IsComplete; next = results[^1].SearchedTo)
        {
            results.Add(await host.GetRequiredService<IDeploymentLogRepository>()
                .SearchAsync(deployment.Id, deployment.UserId, "needle", next, 10, Token));
        }

        var pages = new List<LogSearchPage>();
        for (Cursor? next = Cursor.Start; next is { } cursor; next = pages[^1].Next)
        {
            pages.Add(await host.GetRequiredService<IDeploymentLogSearch>()
                .SearchAsync(deployment.UserId, "needle", LogSearchScope.All, cursor, 10, Token));
        }

        // Each call ends after one statement.
        var most = (4_194_304 / coloured.Length) + 10;
        Assert.That(results.Select(result => result.LinesSearched), Is.All.LessThanOrEqualTo(most));
        Assert.That(pages.Select(page => page.LinesSearched), Is.All.LessThanOrEqualTo(most));
        Assert.That(results.Sum(result => result.LinesSearched), Is.EqualTo(Lines));
        Assert.That(pages.Sum(page => page.LinesSearched), Is.EqualTo(Lines));
        Assert.That(results.SelectMany(result => result.Items).Select(line => line.Seq), Is.EqualTo(new[] { 250L, 500 }));
        Assert.That(pages.SelectMany(page => page.Items).Select(match => match.Line.Seq), Is.EqualTo(new[] { 250L, 500 }));
    }

    [Test]
    public async Task Many_logs_are_searched_in_parts_of_bounded_size()
    {
        var project = await AddProjectAsync();
        var line = string.Concat(Enumerable.Repeat("\u001b[31mok\u001b[0m ", 1_600));
        for (var i = 0; i < 6; i++)
        {
            var deployment = await EnqueueAsync(project);
            await PlatformLogs.AppendAsync(
                deployment.Id,
                [.. Enumerable.Repeat(new NewDeploymentLog { Message = line }, 149).Append(new() { Message = "needle" })],
                Token);
        }

        await using var host = new ServiceCollection()
            .AddAutoStackData(
                o => (o.ConnectionString, o.MinPoolSize, o.LogSearchTime) = (Database.ConnectionString, 0, TimeSpan.FromTicks(1)))
            .BuildServiceProvider();
        var pages = new List<LogSearchPage>();
        for (Cursor? next = Cursor.Start; next is { } cursor; next = pages[^1].Next)
        {
            pages.Add(await host.GetRequiredService<IDeploymentLogSearch>()
                .SearchAsync(project.UserId, "needle", LogSearchScope.All, cursor, 10, Token));
        }

        Assert.That(pages.Select(page => page.LinesSearched), Is.All.LessThanOrEqualTo(300), "two logs of 3 MB, not three");
        Assert.That(pages.Sum(page => page.LinesSearched), Is.EqualTo(900));
        Assert.That(pages.Sum(page => page.Items.Count), Is.EqualTo(6));
    }

    [Test]
    public async Task A_stranger_finds_nothing()
    {
        var deployment = await LoggedAsync();
        var stranger = await AddUserAsync();

        var one = await Logs.SearchAsync(deployment.Id, stranger.Id, "needle", Cursor.Start, 10, Token);
        var all = await Get<IDeploymentLogSearch>().SearchAsync(stranger.Id, "needle", LogSearchScope.All, Cursor.Start, 10, Token);

        Assert.That((one.Items.Count, one.IsComplete, one.LinesSearched), Is.EqualTo((0, true, 0)));
        Assert.That((all.Items.Count, all.LinesSearched), Is.EqualTo((0, 0)));
    }

    // The library's own statement, with the values of a rare text.
    [Test]
    public async Task A_rare_message_is_found_by_the_index_each_time()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, commit_message, created_at)
            SELECT gen_random_uuid(), $1, $2, 'success', md5(n::text), '2026-01-01'::timestamp + n * interval '1 s'
            FROM generate_series(1, 20000) n
            """, project.Id, project.UserId);
        await ExecuteAsync("VACUUM ANALYZE deployments");
        var before = await ScansAsync("deployments_commit_message_search_idx");

        // A session that ends reports its scans.
        await using (var host = new ServiceCollection().AddAutoStackData(Database.ConnectionString).BuildServiceProvider())
        {
            for (var i = 0; i < 8; i++)
            {
                await host.GetRequiredService<IDeploymentQueries>()
                    .ListAsync(project.UserId, new DeploymentFilter { CommitMessage = "rarest of all" }, Cursor.Start, 10, Token);
            }
        }

        Assert.That(await ScansAsync("deployments_commit_message_search_idx") - before, Is.GreaterThanOrEqualTo(8), "no generic plan");
    }

    private async Task<long> ScansAsync(string index)
    {
        var (last, same) = (-1L, 0);
        while (same < 5)
        {
            await Task.Delay(300, Token);
            await using var command = Raw.CreateCommand($"SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = '{index}'");
            var now = (long)(await command.ExecuteScalarAsync(Token))!;
            (same, last) = (now == last ? same + 1 : 0, now);
        }

        return last;
    }

    private async Task<Deployment> LoggedAsync()
    {
        var deployment = await EnqueueAsync();
        var lines = Enumerable.Range(1, Count).SelectMany(n => new[] { $"line {n}", $"a needle {n}" }).Append("the end");
        await PlatformLogs.AppendAsync(deployment.Id, [.. lines.Select(line => new NewDeploymentLog { Message = line })], Token);
        return deployment;
    }
}
