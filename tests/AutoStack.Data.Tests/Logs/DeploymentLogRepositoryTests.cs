using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Logs;

public sealed class DeploymentLogRepositoryTests : DatabaseTests
{
    // From so many lines on, an append goes another way.
    private const int CopyFrom = 5000;

    [Test]
    public async Task Lines_read_back_as_they_were_written_in_their_order()
    {
        var deployment = await EnqueueAsync();
        var time = new DateTimeOffset(2026, 7, 1, 12, 0, 0, TimeSpan.FromHours(2));

        await PlatformLogs.AppendAsync(
            deployment.Id,
            [
                new NewDeploymentLog { Message = "late", Timestamp = time.AddHours(1), Level = DeploymentLogLevel.Error },
                new NewDeploymentLog { Message = "", Timestamp = time },
                new NewDeploymentLog { Message = "nul \0, half \ud83d, whole 🚀, tab\t, ' \" \\ $1 @x {=y}" },
            ], Token);

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);
        Assert.That(page.Items.Select(l => l.Seq), Is.EqualTo(new long[] { 1, 2, 3 }));
        Assert.That(
            page.Items.Select(l => l.Message),
            Is.EqualTo(new[] { "late", "", "nul \uFFFD, half \uFFFD, whole 🚀, tab\t, ' \" \\ $1 @x {=y}" }));
        Assert.That(page.Items[0].Level, Is.EqualTo(DeploymentLogLevel.Error));
        Assert.That(page.Items[1].Level, Is.Null);
        Assert.That(page.Items[0].Timestamp, Is.EqualTo(time.AddHours(1)));
        Assert.That(page.Items[0].Timestamp.Offset, Is.EqualTo(TimeSpan.Zero));
        Assert.That(page.Items[2].Timestamp, Is.EqualTo(page.Items[2].CreatedAt));
        Assert.That(page.Items.Select(l => l.Id), Is.Unique);
    }

    [Test]
    public async Task A_log_is_read_forward_page_by_page()
    {
        var deployment = await LoggedAsync(25);
        var seen = new List<string>();
        var cursor = Cursor.Start;
        LogPage<DeploymentLog> page;
        do
        {
            page = await Logs.ListAsync(deployment.Id, deployment.UserId, cursor, 10, Token);
            seen.AddRange(page.Items.Select(l => l.Message));
            cursor = page.After;
        }
        while (page.Items.Count > 0);

        Assert.That(seen, Is.EqualTo(Enumerable.Range(1, 25).Select(i => $"line {i}")));
        Assert.That(page.After, Is.EqualTo(cursor), "an empty page keeps the place");
    }

    [Test]
    public async Task A_log_is_read_from_the_tail_back_to_its_beginning()
    {
        var deployment = await LoggedAsync(25);

        var last = await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);
        var middle = await Logs.ListTailAsync(deployment.Id, deployment.UserId, last.Before, 10, Token);
        var first = await Logs.ListTailAsync(deployment.Id, deployment.UserId, middle.Before, 10, Token);
        var none = await Logs.ListTailAsync(deployment.Id, deployment.UserId, first.Before, 10, Token);

        Assert.That(
            first.Items.Concat(middle.Items).Concat(last.Items).Select(l => l.Message),
            Is.EqualTo(Enumerable.Range(1, 25).Select(i => $"line {i}")));
        Assert.That(none.Items, Is.Empty);
        Assert.That(
            (await Logs.ListTailAsync(deployment.Id, deployment.UserId, none.Before, 10, Token)).Items,
            Is.Empty,
            "not the latest again");
    }

    [Test]
    public async Task A_reader_resumes_after_any_line()
    {
        var deployment = await LoggedAsync(5);
        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);

        foreach (var line in page.Items)
        {
            var rest = await Logs.ListAsync(deployment.Id, deployment.UserId, line.Cursor, 10, Token);
            Assert.That(rest.Items, Is.EqualTo(page.Items.Skip((int)line.Seq)));
        }
    }

    [Test]
    public void A_cursor_of_another_kind_of_list_is_refused()
    {
        var (id, ownerId, cursor) = (Guid.NewGuid(), Guid.NewGuid(), Cursor.After(Guid.NewGuid()));
        Refuses(() => Logs.ListAsync(id, ownerId, cursor, 1, Token));
        Refuses(() => Logs.ListTailAsync(id, ownerId, cursor, 1, Token));
        Refuses(() => Logs.ListTailAsync(id, ownerId, DeploymentLogLevel.Info, cursor, 1, Token));
        Refuses(() => Logs.SearchAsync(id, ownerId, "x", cursor, 1, Token));
        Refuses(() => RuntimeLogs.ListAsync(id, ownerId, cursor, 1, Token));
        Refuses(() => RuntimeLogs.ListTailAsync(id, ownerId, cursor, 1, Token));
        Refuses(() => Get<IDeploymentLogFollower>().FollowAsync(id, ownerId, cursor, Token));

        static void Refuses(Func<object> call) =>
            Assert.That(
                () => call() is Task task ? task : Task.CompletedTask,
                Throws.ArgumentException.With.Property("ParamName").EqualTo("cursor"));
    }

    [Test]
    public async Task A_reader_continues_from_the_tail_with_later_lines()
    {
        var deployment = await LoggedAsync(5);
        var tail = await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 2, Token);
        await PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "new" }], Token);

        var next = await Logs.ListAsync(deployment.Id, deployment.UserId, tail.After, 10, Token);

        Assert.That(next.Items.Select(l => l.Message), Is.EqualTo(new[] { "new" }));
    }

    [Test]
    public async Task The_tail_of_an_empty_log_precedes_the_first_line()
    {
        var deployment = await EnqueueAsync();
        var tail = await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);
        await PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "first" }], Token);

        Assert.That(tail.Items, Is.Empty);
        var next = await Logs.ListAsync(deployment.Id, deployment.UserId, tail.After, 10, Token);
        Assert.That(next.Items.Select(l => l.Message), Is.EqualTo(new[] { "first" }));
    }

    [Test]
    public async Task An_append_sent_again_stores_no_line_twice_and_leaves_no_gap()
    {
        var deployment = await EnqueueAsync();
        var lines = Enumerable.Range(1, 3).Select(i => new NewDeploymentLog { Id = Guid.CreateVersion7(), Message = $"{i}" }).ToList();
        var more = new NewDeploymentLog { Id = Guid.CreateVersion7(), Message = "4" };

        await PlatformLogs.AppendAsync(deployment.Id, lines, Token);
        await PlatformLogs.AppendAsync(deployment.Id, [.. lines, more], Token);

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);
        Assert.That(page.Items.Select(l => (l.Seq, l.Message)), Is.EqualTo(new[] { (1L, "1"), (2L, "2"), (3L, "3"), (4L, "4") }));
    }

    [Test]
    public async Task The_id_of_another_deployments_line_refuses_the_whole_batch()
    {
        var first = await EnqueueAsync();
        var second = await EnqueueAsync();
        var line = new NewDeploymentLog { Id = Guid.CreateVersion7(), Message = "mine" };
        await PlatformLogs.AppendAsync(first.Id, [line], Token);

        Assert.That(
            () => PlatformLogs.AppendAsync(second.Id, [new NewDeploymentLog { Message = "x" }, line], Token),
            Throws.TypeOf<DuplicateException>());
        Assert.That((await Logs.ListAsync(second.Id, second.UserId, Cursor.Start, 10, Token)).Items, Is.Empty);
    }

    [Test]
    public async Task An_empty_batch_does_nothing()
    {
        await PlatformLogs.AppendAsync(Guid.NewGuid(), [], Token);
    }

    [Test]
    public async Task Append_names_the_invalid_argument()
    {
        var deployment = await EnqueueAsync();
        var line = new NewDeploymentLog { Message = "x" };

        Assert.That(() => PlatformLogs.AppendAsync(deployment.Id, null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => PlatformLogs.AppendAsync(deployment.Id, [line, null!], Token),
            Throws.ArgumentException.With.Message.Contains("Line 1"));
        Assert.That(
            () => PlatformLogs.AppendAsync(deployment.Id, [line with { Message = null! }], Token),
            Throws.ArgumentException.With.Message.Contains("Line 0"));
        Assert.That(
            () => PlatformLogs.AppendAsync(deployment.Id, [line with { Level = DeploymentLogLevel.From("loud") }], Token),
            Throws.ArgumentException.With.Message.Contains("debug, info, warning, error"));
        Assert.That(
            () => PlatformLogs.AppendAsync(
                deployment.Id, [.. Enumerable.Repeat(line, IPlatformDeploymentLogRepository.MaxBatchSize + 1)], Token),
            Throws.ArgumentException.With.Message.Contains("10001 lines"));
        Assert.That(
            () => PlatformLogs.AppendAsync(Guid.NewGuid(), [line], Token),
            Throws.TypeOf<MissingReferenceException>().With.Property("Constraint").EqualTo("deployment_logs_deployment_id_fkey"));
    }

    [TestCase(CopyFrom - 1)]
    [TestCase(CopyFrom)]
    public async Task Lines_sent_by_COPY_are_stored_like_inserted_lines(int count)
    {
        var deployment = await LoggedAsync(2);
        var lines = Enumerable.Range(0, count).Select(i => new NewDeploymentLog
        {
            Message = i % 3 == 0 ? $"a\0b{i}" : $"line ä😀 {i}",
            Level = i % 2 == 0 ? null : DeploymentLogLevel.Debug,
            Timestamp = i % 2 == 0 ? null : new DateTimeOffset(2020, 1, 1, 3, 0, 0, TimeSpan.FromHours(2)),
        }).ToList();
        await PlatformLogs.AppendAsync(deployment.Id, lines, Token);
        await PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "end" }], Token);

        var read = new List<DeploymentLog>();
        for (var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token); page.Items.Count > 0;)
        {
            read.AddRange(page.Items);
            page = await Logs.ListAsync(deployment.Id, deployment.UserId, page.After, 1000, Token);
        }

        Assert.That(read.Select(l => l.Seq), Is.EqualTo(Enumerable.Range(1, count + 3).Select(i => (long)i)));
        var stored = read[2..^1];
        Assert.That(stored.Select(l => l.Message), Is.EqualTo(lines.Select(l => l.Message.Replace('\0', '\uFFFD'))));
        Assert.That(stored.Select(l => l.Level), Is.EqualTo(lines.Select(l => l.Level)));
        Assert.That(stored.Select(l => l.Timestamp), Is.EqualTo(lines.Select(l => l.Timestamp ?? stored[0].CreatedAt)));
        Assert.That(stored.Select(l => l.Id), Is.Ordered);
        Assert.That(
            () => PlatformLogs.AppendAsync(Guid.NewGuid(), lines, Token),
            Throws.TypeOf<MissingReferenceException>().With.Property("Constraint").EqualTo("deployment_logs_deployment_id_fkey"));
    }

    [Test]
    public async Task A_COPY_is_part_of_a_unit_of_work([Values] bool commit)
    {
        var deployment = await LoggedAsync(1);
        var lines = Enumerable.Range(0, CopyFrom).Select(i => new NewDeploymentLog { Message = $"{i}" }).ToList();
        var unit = UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var logs = tx.Get<IPlatformDeploymentLogRepository>();
            await logs.AppendAsync(deployment.Id, lines, ct);
            await logs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "end" }], ct);
            Assert.That(
                (await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, ct)).After,
                Is.EqualTo(Cursor.After(1)),
                "not committed yet");
            if (!commit)
            {
                throw new InvalidOperationException();
            }
        }, Token);

        await ((Task)unit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        Assert.That(
            (await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, Token)).After,
            Is.EqualTo(Cursor.After(commit ? lines.Count + 2 : 1)));
    }

    [Test]
    public async Task A_large_batch_with_ids_is_stored_once()
    {
        var deployment = await EnqueueAsync();
        var lines = Enumerable.Range(0, CopyFrom).Select(
            i => new NewDeploymentLog { Id = Guid.CreateVersion7(), Message = $"{i}" }).ToList();
        await PlatformLogs.AppendAsync(deployment.Id, lines, Token);
        await PlatformLogs.AppendAsync(deployment.Id, lines, Token);

        Assert.That(
            (await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, Token)).After,
            Is.EqualTo(Cursor.After(lines.Count)));
    }

    [Test]
    public async Task The_largest_batch_is_stored()
    {
        var deployment = await LoggedAsync(IPlatformDeploymentLogRepository.MaxBatchSize);

        var tail = await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, Token);

        Assert.That(tail.Items.Single().Seq, Is.EqualTo(IPlatformDeploymentLogRepository.MaxBatchSize));
    }

    [Test]
    public async Task A_log_of_another_user_is_empty()
    {
        var deployment = await LoggedAsync(3);
        var stranger = await AddUserAsync();

        Assert.That((await Logs.ListAsync(deployment.Id, stranger.Id, Cursor.Start, 10, Token)).Items, Is.Empty);
        Assert.That((await Logs.ListTailAsync(deployment.Id, stranger.Id, Cursor.Start, 10, Token)).Items, Is.Empty);
    }

    [TestCase(0)]
    [TestCase(-5)]
    [TestCase(IDeploymentLogRepository.MaxPageSize + 1)]
    public void A_limit_out_of_range_is_refused(int limit)
    {
        Assert.That(
            () => Logs.ListAsync(Guid.NewGuid(), Guid.NewGuid(), Cursor.Start, limit, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => Logs.ListTailAsync(Guid.NewGuid(), Guid.NewGuid(), Cursor.Start, limit, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task Lines_of_other_programs_share_the_numbering()
    {
        var deployment = await LoggedAsync(2);
        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at)
            SELECT gen_random_uuid(), $1, now(), 'INFO', 'python ' || i, now() FROM generate_series(1, 2) i
            """, deployment.Id);
        await PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "ours" }], Token);

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);

        Assert.That(page.Items.Select(l => l.Seq), Is.EqualTo(new long[] { 1, 2, 3, 4, 5 }));
        Assert.That(page.Items[^1].Message, Is.EqualTo("ours"));
        Assert.That(page.Items[2].Level, Is.EqualTo(DeploymentLogLevel.Info));
        Assert.That(page.Items[2].Level!.Value.Value, Is.EqualTo("INFO"));
    }

    [TestCase("s.0", 0L)]
    [TestCase("s.42", 42L)]
    public void A_cursor_survives_its_text(string text, long seq)
    {
        Assert.That(Cursor.TryParse(text, out var cursor), Is.True);
        Assert.That((cursor.ToSeq(), cursor.ToString()), Is.EqualTo((seq, text)));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("-1")]
    [TestCase("1e3")]
    [TestCase("99999999999999999999")]
    public void A_text_that_is_not_a_cursor_is_refused(string? text) => Assert.That(Cursor.TryParse(text, out _), Is.False);

    [Test]
    public async Task The_tail_of_a_level_shows_lines_of_unknown_level()
    {
        var deployment = await EnqueueAsync();
        await PlatformLogs.AppendAsync(
            deployment.Id,
            [
                new NewDeploymentLog { Message = "debug", Level = DeploymentLogLevel.Debug },
                new NewDeploymentLog { Message = "none" },
                new NewDeploymentLog { Message = "warning", Level = DeploymentLogLevel.Warning },
                new NewDeploymentLog { Message = "error", Level = DeploymentLogLevel.Error },
            ], Token);
        await ExecuteAsync(
            "INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at) SELECT gen_random_uuid(), $1, "
                + "now(), l, l, now() FROM unnest(ARRAY['INFO', 'LOUD']) l",
            deployment.Id);

        Assert.That(
            await TailAsync(DeploymentLogLevel.Debug, 10),
            Is.EqualTo(new[] { "debug", "none", "warning", "error", "INFO", "LOUD" }));
        Assert.That(await TailAsync(DeploymentLogLevel.Info, 10), Is.EqualTo(new[] { "none", "warning", "error", "INFO", "LOUD" }));
        Assert.That(await TailAsync(DeploymentLogLevel.From("WARNING"), 10), Is.EqualTo(new[] { "warning", "error", "LOUD" }));
        Assert.That(await TailAsync(DeploymentLogLevel.Error, 1), Is.EqualTo(new[] { "LOUD" }));
        Assert.That(
            () => TailAsync(DeploymentLogLevel.From("loud"), 1),
            Throws.ArgumentException.With.Message.Contains("debug, info, warning, error"));
        Assert.That(() => TailAsync(DeploymentLogLevel.Error, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
        var stranger = await AddUserAsync();
        Assert.That(
            (await Logs.ListTailAsync(deployment.Id, stranger.Id, DeploymentLogLevel.Debug, Cursor.Start, 10, Token)).Items,
            Is.Empty);

        async Task<IEnumerable<string>> TailAsync(DeploymentLogLevel least, int limit) =>
            (await Logs.ListTailAsync(deployment.Id, deployment.UserId, least, Cursor.Start, limit, Token)).Items.Select(l => l.Message);
    }

    [TestCase("ERROR", new[] { "An error", "error 100%" })]
    [TestCase("%", new[] { "error 100%" })]
    [TestCase("_", new[] { "a_b" })]
    [TestCase("\\", new[] { "c:\\dir" })]
    [TestCase("' OR TRUE --", new string[0])]
    [TestCase("\0", new[] { "nul \uFFFD" })]
    public async Task A_search_finds_a_literal_text_ignoring_case(string text, string[] expected)
    {
        var deployment = await EnqueueAsync();
        var other = await EnqueueAsync();
        await PlatformLogs.AppendAsync(
            deployment.Id,
            [.. new[] { "An error", "fine", "error 100%", "a_b", "c:\\dir", "nul \0" }.Select(m => new NewDeploymentLog { Message = m })],
            Token);
        await PlatformLogs.AppendAsync(other.Id, [new NewDeploymentLog { Message = "error % _ \\ \0" }], Token);

        var page = await Logs.SearchAsync(deployment.Id, deployment.UserId, text, Cursor.Start, 10, Token);

        Assert.That(page.Items.Select(l => l.Message), Is.EqualTo(expected));
        Assert.That((await Logs.SearchAsync(deployment.Id, other.UserId, text, Cursor.Start, 10, Token)).Items, Is.Empty);
    }

    [Test]
    public async Task A_search_continues_from_its_cursor()
    {
        var deployment = await LoggedAsync(25);

        var first = await Logs.SearchAsync(deployment.Id, deployment.UserId, "LINE 2", Cursor.Start, 3, Token);
        var second = await Logs.SearchAsync(deployment.Id, deployment.UserId, "LINE 2", first.SearchedTo, 10, Token);

        Assert.That(
            first.Items.Concat(second.Items).Select(l => l.Message),
            Is.EqualTo(new[] { 2, 20, 21, 22, 23, 24, 25 }.Select(i => $"line {i}")));
        Assert.That(() => Logs.SearchAsync(deployment.Id, deployment.UserId, "", Cursor.Start, 10, Token), Throws.ArgumentException);
        Assert.That(() => Logs.SearchAsync(deployment.Id, deployment.UserId, null!, Cursor.Start, 10, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Logs.SearchAsync(deployment.Id, deployment.UserId, new string('x', 1001), Cursor.Start, 10, Token),
            Throws.ArgumentException);
        Assert.That(
            () => Logs.SearchAsync(deployment.Id, deployment.UserId, "x", Cursor.Start, 0, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    private async Task<Deployment> LoggedAsync(int lines)
    {
        var deployment = await EnqueueAsync();
        await PlatformLogs.AppendAsync(
            deployment.Id, [.. Enumerable.Range(1, lines).Select(i => new NewDeploymentLog { Message = $"line {i}" })], Token);
        return deployment;
    }
}
