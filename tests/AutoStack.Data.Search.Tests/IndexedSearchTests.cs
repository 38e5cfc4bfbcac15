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
        for (var next = Cursor.Start; results.Count == 0 || !results[^1].IsComplete; next = results[^1].Next)
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
        Assert.That(results[^1].Next, Is.EqualTo(Cursor.After((2 * Count) + 1)));
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
