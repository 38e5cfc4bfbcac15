using System.Text.Json;
using AutoStack.Data.Cli.Backups;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.FaultTests.Backups;

/// <summary>The verbs <c>backup</c> on a real repository: what they report of it, and what they restore from it.</summary>
[TestFixture]
public sealed class BackupTests
{
    private BackedUpServer server = null!;
    private string first = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task BackUpAsync()
    {
        server = await BackedUpServer.StartAsync(Token);
        await AddUsersAsync("ada", 200);
        await server.PgBackRestAsync("backup", "--type=full");
        first = server.Labels()[^1];
        var marked = await server.RunAsync(["mark", "--json"], server.ConnectionString, Token);
        Assert.That(marked.Code, Is.Zero, marked.Error);
        Assert.That(marked.Json.GetProperty("rows").GetProperty("users").GetInt64(), Is.EqualTo(200));
        await server.ArchiveAsync();
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    [Test]
    public async Task A_rehearsal_restores_the_rows_that_were_counted_and_records_itself()
    {
        // What is written after the count is not in the comparison.
        await AddUsersAsync("later", 10);
        await server.ArchiveAsync();

        var run = await server.RunAsync(server.Rehearsal("--set", first, "--json"), connection: null, Token);
        var status = await server.RunAsync(["status", "--json"], server.ConnectionString, Token);

        Assert.That(run.Code, Is.Zero, run.Output + run.Error);
        Assert.That(Rows(run), Does.Contain(("users", (long?)200, (long?)200)));
        Assert.That(
            run.Json.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("name").GetString()),
            Is.EqualTo(new[] { "restore", "recovery", "rows", "check", "verify" }));
        Assert.That(Directory.GetFileSystemEntries(server.Scratch), Is.Empty);
        Assert.That(status.Code, Is.Zero, status.Output + status.Error);
        Assert.That(status.Json.GetProperty("rehearsed").GetProperty("label").GetString(), Is.EqualTo(first));
        Assert.That(status.Json.GetProperty("archiver").GetProperty("failing").GetBoolean(), Is.False);
    }

    [Test]
    public async Task A_repository_without_an_asynchronous_archive_is_rehearsed_too()
    {
        var configuration = Path.Combine(server.Folder, "synchronous.conf");
        var text = await File.ReadAllTextAsync(server.Configuration, Token);
        await File.WriteAllTextAsync(configuration, text.Replace("archive-async=y\n", "", StringComparison.Ordinal), Token);

        var run = await ConsoleRun.StartAsync(
            ["backup", .. server.Rehearsal("--set", first), "--pgbackrest-config", configuration], cancellationToken: Token);

        Assert.That(text, Does.Contain("archive-async=y\n"));
        Assert.That(run.Code, Is.Zero, run.Output + run.Error);
    }

    [Test]
    public async Task A_dropped_table_is_back_in_the_moment_before()
    {
        await server.ExecuteAsync("CREATE TABLE invoices (id int PRIMARY KEY); INSERT INTO invoices SELECT generate_series(1, 500)", Token);
        await AddUsersAsync("before", 7);
        var users = await server.ScalarAsync<long>("SELECT count(*) FROM users", Token);
        var before = await server.ScalarAsync<string>("SELECT to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.USOF')", Token);
        await server.ExecuteAsync("DROP TABLE invoices; DELETE FROM users WHERE email LIKE 'before%'", Token);
        await server.ArchiveAsync();

        var run = await server.RunAsync(server.Rehearsal("--time", before, "--json"), connection: null, Token);

        // No script has created the table.
        Assert.That(run.Code, Is.AnyOf(0, 7), run.Output + run.Error);
        Assert.That(Rows(run).Select(row => (row.Table, row.Restored)), Is.SupersetOf(new[]
        {
            ("invoices", (long?)500), ("users", (long?)users),
        }));
    }

    [Test]
    public async Task Rows_that_are_not_those_of_the_count_are_an_error()
    {
        var stanza = await StanzaAsync();
        var mark = RowMark.Of(stanza.Backups.Single(backup => backup.Label == first))!;
        var other = mark with { Rows = mark.Rows.ToDictionary(row => row.Key, row => row.Key == "users" ? row.Value + 1 : row.Value) };
        await server.PgBackRestAsync("annotate", $"--set={first}", $"--annotation={RowMark.Key}={other.ToAnnotation()}");
        try
        {
            var run = await server.RunAsync(server.Rehearsal("--set", first), connection: null, Token);

            Assert.That(run.Code, Is.EqualTo(8), run.Output + run.Error);
            Assert.That(run.Output, Does.Contain("users has 200 rows in the restored server; 201 rows were counted"));
            Assert.That(run.Output, Does.Contain("not recorded as rehearsed"));
        }
        finally
        {
            await server.PgBackRestAsync("annotate", $"--set={first}", $"--annotation={RowMark.Key}={mark.ToAnnotation()}");
        }
    }

    [Test]
    public async Task A_damaged_backup_is_not_restored_and_says_which_file()
    {
        var file = Directory.GetFiles(Path.Combine(server.Repository, "backup", "autostack", first), "*", SearchOption.AllDirectories)
            .Where(path => path.Contains("/base/", StringComparison.Ordinal)).MaxBy(path => new FileInfo(path).Length)!;
        var whole = await File.ReadAllBytesAsync(file, Token);
        try
        {
            var damaged = (byte[])whole.Clone();
            damaged[whole.Length / 2] ^= 0xFF;
            await File.WriteAllBytesAsync(file, damaged, Token);

            var run = await server.RunAsync(server.Rehearsal("--set", first), connection: null, Token);

            Assert.That(run.Code, Is.EqualTo(8), run.Output + run.Error);
            Assert.That(run.Output, Does.Contain("restore-failed").And.Contain($"/{Path.GetFileName(file)}'"));
            Assert.That(Directory.GetFileSystemEntries(server.Scratch), Is.Empty);
        }
        finally
        {
            await File.WriteAllBytesAsync(file, whole, Token);
        }
    }

    [Test]
    public async Task A_missing_segment_is_a_gap_and_ends_a_recovery_early()
    {
        await AddUsersAsync("gap", 3);
        await server.ArchiveAsync();
        var missing = server.Segments().Keys.Order(StringComparer.Ordinal).Last();
        await AddUsersAsync("gap", 3);
        await server.ArchiveAsync();
        var file = server.Segments()[missing];
        var aside = Path.Combine(server.Folder, Path.GetFileName(file));
        File.Move(file, aside);
        try
        {
            var status = await server.RunAsync(["status"], connection: null, Token);
            var run = await server.RunAsync(server.Rehearsal("--set", first, "--latest"), connection: null, Token);
            var doctor = await ConsoleRun.StartAsync(
                ["doctor", "--json", "--stanza", "autostack", "--pgbackrest-config", server.Configuration],
                connection: server.ConnectionString, cancellationToken: Token);

            Assert.That(Rules(doctor), Does.Contain(("wal-gap", "error")), doctor.Output + doctor.Error);
            Assert.That(
                Rules(doctor).Select(finding => finding.Item1), Does.Not.Contain("backup-missing").And.Not.Contain("backup-unknown"));
            Assert.That(status.Code, Is.EqualTo(8), status.Output + status.Error);
            Assert.That(status.Output, Does.Contain($"error wal-gap: The archive lacks the segment {missing}."));
            Assert.That(run.Code, Is.EqualTo(8), run.Output + run.Error);
            Assert.That(run.Output, Does.Contain("recovery-ended-early"));
        }
        finally
        {
            File.Move(aside, file);
        }
    }

    [Test]
    public async Task An_old_backup_and_an_archiver_that_fails_are_errors()
    {
        await server.PgBackRestAsync("stop");
        try
        {
            await server.ExecuteAsync("SELECT pg_switch_wal(), pg_logical_emit_message(false, 'test', 'a record')", Token);
            await server.ExecuteAsync("SELECT pg_switch_wal()", Token);
            while (!await server.ScalarAsync<bool>(
                "SELECT coalesce(last_failed_time > last_archived_time, false) FROM pg_stat_archiver", Token))
            {
                await Task.Delay(50, Token);
            }

            var run = await server.RunAsync(["status", "--max-age", "0s", "--json"], server.ConnectionString, Token);

            Assert.That(run.Code, Is.EqualTo(8), run.Output + run.Error);
            Assert.That(Rules(run), Is.SupersetOf(new[] { ("backup-old", "error"), ("archive-failing", "error") }));
            Assert.That(run.Json.GetProperty("archiver").GetProperty("waiting").GetInt64(), Is.GreaterThan(0));
            Assert.That(run.Json.GetProperty("archiver").GetProperty("waitingAgeSeconds").GetDouble(), Is.GreaterThan(0));
        }
        finally
        {
            await server.PgBackRestAsync("start");
        }
    }

    [Test]
    public async Task A_role_that_may_not_see_the_queue_is_told_and_a_server_that_is_away_does_not_hide_its_backups()
    {
        await server.ExecuteAsync("CREATE ROLE watcher LOGIN PASSWORD 'watcher'", Token);
        var watcher = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Username = "watcher", Password = "watcher" };
        var away = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Port = Postmaster.FindFreePort() };

        var seen = await server.RunAsync(["status", "--json"], watcher.ConnectionString, Token);
        var alone = await server.RunAsync(["status", "--json"], away.ConnectionString, Token);

        Assert.That(seen.Json.GetProperty("archiver").GetProperty("waiting").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(Rules(seen), Does.Contain(("archiver-not-seen", "information")));
        Assert.That(Rules(alone), Does.Contain(("archiver-not-seen", "warning")));
        Assert.That(alone.Json.GetProperty("newest").GetProperty("label").GetString(), Is.EqualTo(first));
    }

    [Test]
    public async Task A_killed_rehearsal_leaves_nothing_and_the_next_one_removes_what_is_left()
    {
        var left = ServerFolder.Create(server.Scratch);
        await File.WriteAllTextAsync(Path.Combine(left, "owner"), (OwnerProcess.Current with { Started = "0" }).ToString(), Token);
        var others = ServerFolder.Create(server.Scratch);
        using (var process = ConsoleProcess.Start(
            server.ConnectionString, server.Arguments(server.Rehearsal("--set", first))))
        {
            var ending = process.ToEndAsync(Token);
            while (Directory.GetDirectories(server.Scratch).All(folder => !File.Exists(Path.Combine(folder, "data", "postmaster.pid"))))
            {
                Assert.That(ending.IsCompleted, Is.False, "the rehearsal ended before it was killed");
                await Task.Delay(5, Token);
            }

            await process.KillAsync(Token);
        }

        Assert.That(Directory.Exists(left), Is.False);
        while (Directory.GetDirectories(server.Scratch).Length > 1)
        {
            await Task.Delay(20, Token);
        }

        Assert.That(Directory.GetDirectories(server.Scratch), Is.EqualTo(new[] { others }), "a folder whose owner lives is not touched");
        Directory.Delete(others, recursive: true);
    }

    [Test]
    public async Task A_scratch_folder_in_a_data_directory_is_refused()
    {
        var link = Path.Combine(server.Folder, "link");
        Directory.CreateSymbolicLink(link, Path.Combine(server.DataDirectory, "base"));

        foreach (var folder in new[] { server.DataDirectory, Path.Combine(server.DataDirectory, "base"), link })
        {
            var run = await server.RunAsync(["rehearse", "--scratch", folder], connection: null, Token);

            Assert.That(run.Code, Is.EqualTo(2), folder);
            Assert.That(run.Error, Does.Contain("lies in the data directory of a server"), folder);
        }
    }

    [Test]
    public async Task A_stanza_without_backups_is_an_error_and_an_unknown_program_a_failure()
    {
        var empty = await server.RunAsync(["status", "--stanza", "other"], connection: null, Token);
        var missing = await server.RunAsync(["status", "--pgbackrest", "/nowhere/pgbackrest"], connection: null, Token);

        Assert.That((empty.Code, missing.Code), Is.EqualTo((8, 1)), empty.Output + empty.Error);
        Assert.That(empty.Output, Does.Contain("error backup-missing: The stanza other has no backup"));
        Assert.That(missing.Error, Does.Contain("Install the package pgbackrest"));
    }

    private Task AddUsersAsync(string name, int number) => server.ExecuteAsync($"""
        INSERT INTO users (id, name, email) SELECT gen_random_uuid(), 'Ada', '{name}-' || gen_random_uuid() || '@example.com'
        FROM generate_series(1, {number})
        """, Token);

    private async Task<Stanza> StanzaAsync()
    {
        var (exitCode, output, error) = await server.TryPgBackRestAsync("info", "--output=json");
        Assert.That(exitCode, Is.Zero, error);
        return Stanza.Parse(output, "autostack");
    }

    private static IReadOnlyList<(string Table, long? Recorded, long? Restored)> Rows(ConsoleRun run) =>
    [
        .. run.Json.GetProperty("rows").EnumerateArray().Select(row => (
            row.GetProperty("table").GetString()!, Number(row.GetProperty("recorded")), Number(row.GetProperty("restored")))),
    ];

    private static IEnumerable<(string?, string?)> Rules(ConsoleRun run) => run.Json.GetProperty("findings").EnumerateArray()
        .Select(finding => (finding.GetProperty("rule").GetString(), finding.GetProperty("severity").GetString()));

    private static long? Number(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : value.GetInt64();
}
