using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests;

/// <summary>Searches with the index find what searches without it find, whatever the locale of the database.</summary>
[TestFixture("LOCALE 'C'")]
[TestFixture("LOCALE 'C.UTF-8'")]
[TestFixture("LOCALE 'en_US.UTF-8'")]
[TestFixture("LOCALE 'tr_TR.UTF-8'")]
[TestFixture("LOCALE_PROVIDER icu ICU_LOCALE 'und' LOCALE 'C'")]
[TestFixture("LOCALE_PROVIDER icu ICU_LOCALE 'und' LOCALE 'C.UTF-8'")]
[TestFixture("LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C.UTF-8'")]
[TestFixture("LOCALE_PROVIDER icu ICU_LOCALE 'lt' LOCALE 'C.UTF-8'")]
[TestFixture("LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C.UTF-8'")]
public sealed class LocaleTests(string locale)
{
    private const string Mark = "UPDATE pg_index SET indisvalid =";
    private const string Both =
        "WHERE indexrelid::regclass::text IN ('deployment_logs_search_idx', 'deployments_commit_message_search_idx')";

    private readonly string name = $"locale_{Guid.NewGuid():N}";
    private ServiceProvider? host;
    private NpgsqlDataSource raw = null!;
    private Guid ownerId;
    private Guid deploymentId;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task CreateAsync()
    {
        await using var server = NpgsqlDataSource.Create(TestServer.Current.ConnectionString);
        try
        {
            await ExecuteAsync(server, $"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}");
        }
        catch (PostgresException exception) when (exception.SqlState is "22023" or "42601" or "42602" or "42809" or "0A000" or "22000")
        {
            Assert.Ignore($"This server has no such locale: {exception.MessageText}");
        }

        var connection = new NpgsqlConnectionStringBuilder(TestServer.Current.ConnectionString) { Database = name }.ConnectionString;
        raw = NpgsqlDataSource.Create(connection);
        await new SchemaMigrator(connection).UpgradeAsync();
        await WithSearch.EnableAsync(connection);
        host = new ServiceCollection().AddAutoStackData(options => options.ConnectionString = connection).AddAutoStackDataWorkers()
            .BuildServiceProvider();
        await FillAsync();
    }

    [OneTimeTearDown]
    public async Task DropAsync()
    {
        if (host is not null)
        {
            await host.DisposeAsync();
            await raw.DisposeAsync();
            await using var server = NpgsqlDataSource.Create(TestServer.Current.ConnectionString);
            await ExecuteAsync(server, $"DROP DATABASE {name} WITH (FORCE)");
        }
    }

    [Test]
    public async Task The_index_of_logs_finds_every_line_that_contains_the_text()
    {
        var sql = $"""
            SELECT l.message FROM deployment_logs l WHERE {LogIndex.Expression} ~ $1 ORDER BY l.seq
            """;
        await using var connection = await OpenAsync(byIndex: true);
        await AssertUsesAsync(connection, sql, "deployment_logs_search_idx");
        var (missed, searched) = (new List<string>(), 0);
        foreach (var text in SearchTexts.Searched)
        {
            var search = new LogSearch(text);
            if (search.Pattern is { } pattern)
            {
                var candidates = (await ListAsync(connection, sql, pattern)).ToHashSet();
                missed.AddRange(SearchTexts.Lines.Where(line => search.IsIn(line) && !candidates.Contains(line))
                    .Select(line => $"{text} in {Shown(line)}"));
                searched++;
            }
        }

        Assert.That(missed, Is.Empty);
        Assert.That(searched, Is.GreaterThan(200));
    }

    [Test]
    public async Task The_index_of_commit_messages_finds_what_a_scan_finds()
    {
        const string sql = """
            SELECT d.commit_message FROM deployments d
            WHERE pg_catalog.lower(d.commit_message COLLATE "C") ~ $1 AND d.commit_message COLLATE "C" ~ $2
            """;
        await using var indexed = await OpenAsync(byIndex: true);
        await using var scanned = await OpenAsync(byIndex: false);
        await AssertUsesAsync(indexed, sql, "deployments_commit_message_search_idx");
        var wrong = new List<string>();
        foreach (var text in SearchTexts.Searched)
        {
            string[] patterns = [Values.CaseFolding.IndexedRegex(text), Values.CaseFolding.ContainedRegex(text)];
            var (byIndex, byScan) = (await ListAsync(indexed, sql, patterns), await ListAsync(scanned, sql, patterns));
            var expected = SearchTexts.Lines.Where(line => Contains(line, text)).ToHashSet();
            if (!expected.SetEquals(byIndex) || !expected.SetEquals(byScan))
            {
                wrong.Add($"{text}: {byIndex.Count} by the index, {byScan.Count} by a scan, {expected.Count} expected");
            }
        }

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public async Task The_library_finds_the_same_with_and_without_the_index()
    {
        var services = host!;
        var (logs, all) = (services.GetRequiredService<IDeploymentLogRepository>(), services.GetRequiredService<IDeploymentLogSearch>());
        var queries = services.GetRequiredService<IDeploymentQueries>();
        var texts = SearchTexts.Searched.Where(text => new LogSearch(text).Pattern is not null).Where((_, n) => n % 5 == 0).ToList();
        var with = await SearchAsync();
        await ExecuteAsync(raw, $"{Mark} FALSE {Both}");
        var without = await SearchAsync();
        await ExecuteAsync(raw, $"{Mark} TRUE {Both}");

        Assert.That(with, Is.EqualTo(without));
        Assert.That(with, Has.Count.GreaterThan(40));

        async Task<List<string>> SearchAsync()
        {
            var results = new List<string>();
            foreach (var text in texts)
            {
                var one = await logs.SearchAsync(deploymentId, ownerId, text, Cursor.Start, 7, Token);
                var rest = await logs.SearchAsync(deploymentId, ownerId, text, one.SearchedTo, 1000, Token);
                var many = await all.SearchAsync(ownerId, text, LogSearchScope.All, Cursor.Start, 7, Token);
                var count = await queries.CountAsync(ownerId, new DeploymentFilter { CommitMessage = text }, Token);
                results.Add(
                    $"{text}: {one.LinesSearched} {one.IsComplete} {one.SearchedTo} {string.Join(',', one.Items.Select(l => l.Seq))} " +
                    $"{rest.LinesSearched} {rest.IsComplete} {rest.SearchedTo} {string.Join(',', rest.Items.Select(l => l.Seq))} " +
                    $"{many.LinesSearched} {many.DeploymentsSearched} {many.BackTo} {many.Next} " +
                    $"{string.Join(',', many.Items.Select(m => (m.Line.Seq, m.Snippet)))} {count}");
            }

            return results;
        }
    }

    // What the library means by a contained text.
    private static bool Contains(string line, string text)
    {
        var (folded, sought) = (Folded(line), Folded(text));
        return folded.Contains(sought, StringComparison.Ordinal);

        static string Folded(string value) => string.Concat(value.Select(Values.CaseFolding.Fold));
    }

    private static string Shown(string line) =>
        string.Concat(line.Select(unit => unit is < ' ' or > '~' ? $"\\u{(int)unit:X4}" : $"{unit}"));

    private async Task FillAsync()
    {
        var users = host!.GetRequiredService<Accounts.IUserRepository>();
        ownerId = (await users.AddAsync(new Accounts.NewUser { Name = "Ada", Email = "ada@example.com" }, Token)).Id;
        var project = await host!.GetRequiredService<Projects.IProjectRepository>().AddAsync(
            new Projects.NewProject { UserId = ownerId, Name = "Site", Repository = "ada/site" }, Token);
        var deployments = host!.GetRequiredService<IDeploymentRepository>();
        var logs = host!.GetRequiredService<IPlatformDeploymentLogRepository>();
        for (var i = 0; i < 2; i++)
        {
            deploymentId = (await deployments.EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = ownerId }, Token))!.Id;
            await logs.AppendAsync(
                deploymentId, [.. SearchTexts.Lines.Select(line => new NewDeploymentLog { Message = line })], Token);
        }

        await using var command = raw.CreateCommand(
            """
            INSERT INTO deployments (id, project_id, user_id, status, commit_message, created_at)
            SELECT gen_random_uuid(), $1, $2, 'success', t.text, '2026-01-01' FROM unnest($3) t (text)
            """);
        command.Parameters.AddRange(new NpgsqlParameter[]
        {
            new() { Value = project.Id }, new() { Value = ownerId }, new() { Value = SearchTexts.Lines.ToArray() },
        });
        await command.ExecuteNonQueryAsync(Token);
        await ExecuteAsync(raw, "VACUUM ANALYZE deployments, deployment_logs");
    }

    private async Task<NpgsqlConnection> OpenAsync(bool byIndex)
    {
        var connection = await raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand(
            byIndex ? "SET enable_seqscan = off; SET enable_indexscan = off" : "SET enable_bitmapscan = off", connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }

    private static async Task AssertUsesAsync(NpgsqlConnection connection, string sql, string index)
    {
        var plan = await ListAsync(connection, $"EXPLAIN {sql}", "(?i)needle", "(?i)needle");
        Assert.That(string.Join('\n', plan), Does.Contain(index));
    }

    private static async Task<IReadOnlyList<string>> ListAsync(NpgsqlConnection connection, string sql, params string[] patterns)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var pattern in patterns.Take(sql.Contains("$2", StringComparison.Ordinal) ? 2 : 1))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = pattern });
        }

        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = new List<string>();
        while (await reader.ReadAsync(Token))
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
