using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Logs;

public sealed class LogSearchTests : DatabaseTests
{
    [TestCase("error", "\u001B[31mer\u001B[1mror\u001B[0m")]
    [TestCase("error", "er\u009B1mror")]
    [TestCase("click here", "\u001B]8;;https://example.com\u0007click\u001B]8;;\u001B\\ here")]
    [TestCase("error", "er\u001B]0;title\u001B\\ror")]
    [TestCase("error", "e\ber\brr\bro\bor\br")]
    [TestCase("error", "erx\bror")]
    [TestCase("error", "er\aro\u0001r")]
    [TestCase("error", "er\u200Bro\u00ADr")]
    [TestCase("error", "er\u001B(Bror\u001B7")]
    [TestCase("error", "er\u001B]unterminated error")]
    [TestCase("error: boom", "error: boom\b\b\b\b\b\b\b\b\b\b\b")]
    [TestCase("axc", "abc\b\bx")]
    [TestCase("error", "erXror\u001B[4Dror: \b\b ")]
    [TestCase("error", "erXXr\u009B3Dror")]
    [TestCase("error", "eXror\u001B[4Dr\u001B[99C!")]
    [TestCase("next", "first\n\b\b\bnext")]
    [TestCase("first", "first\n\b\b\bnext")]
    [TestCase("error", "x\u001B[99999999999Derror")]
    [TestCase("20%", "10%\r20%")]
    [TestCase("10%", "10%\r20%")]
    [TestCase("a\tb", "A\tB")]
    [TestCase("er\u001B[0mror", "error")]
    [TestCase("\u001B[31m", "\u001B[31mred")]
    [TestCase("äpfel", "ÄPFEL")]
    [TestCase("ΣΊΣΥΦΟΣ", "σίσυφος")]
    [TestCase("100%_\\", "100%_\\")]
    [TestCase("aab", "aaab")]
    [TestCase("abcabd", "abcabcabd")]
    public void A_text_is_found_as_a_person_sees_it(string text, string line) => Assert.That(new LogSearch(text).IsIn(line), Is.True);

    [TestCase("https", "\u001B]8;;https://example.com\u0007click\u001B]8;;\u001B\\")]
    [TestCase("31m", "\u001B[31mred")]
    [TestCase("erxror", "erx\bror")]
    [TestCase("abc", "abc\b\bx")]
    [TestCase("error", "err or")]
    [TestCase("k", "\u212A")]
    [TestCase("i", "\u0130")]
    [TestCase("abcabd", "abcabcab")]
    public void Invisible_text_is_not_found(string text, string line) => Assert.That(new LogSearch(text).IsIn(line), Is.False);

    [TestCase("a")]
    [TestCase("ab")]
    public void The_work_is_linear_in_the_line_whatever_the_text(string part)
    {
        var line = string.Concat(Enumerable.Repeat(part, 65_536 / part.Length));
        foreach (var length in new[] { 1, 10, 100, 1000 })
        {
            var beginning = string.Concat(Enumerable.Repeat(part, length))[..(length - 1)];
            foreach (var text in new[]
            {
                beginning + "x", "x" + beginning, beginning[..(beginning.Length / 2)] + "x" + beginning[(beginning.Length / 2)..],
            })
            {
                var search = new LogSearch(text);
                var before = search.Steps;

                Assert.That(search.IsIn(line), Is.False);
                Assert.That(search.Steps - before, Is.LessThanOrEqualTo(2 * line.Length), text);
            }
        }
    }

    [TestCase('\u009D')]
    [TestCase('\u0090')]
    public void An_unended_control_string_is_scanned_once(char introducer)
    {
        var line = new string(introducer, 1000);
        var unended = 0;
        Assert.That(TerminalText.LengthOfHidden(line, 0, withStrings: true, ref unended), Is.EqualTo(1));
        Assert.That(unended, Is.EqualTo(line.Length));

        // The end that only a new search would find.
        Assert.That(TerminalText.LengthOfHidden(line[..^1] + '\a', 1, withStrings: true, ref unended), Is.EqualTo(1));
    }

    [Test]
    public void An_unended_control_string_does_not_hide_a_later_end()
    {
        var unended = 0;
        const string line = "\u009Dtitle\u001B[1mred\u009Dtitle\a.";
        Assert.That(TerminalText.LengthOfHidden(line, 0, withStrings: true, ref unended), Is.EqualTo(1));
        Assert.That(TerminalText.LengthOfHidden(line, line.LastIndexOf('\u009D'), withStrings: true, ref unended), Is.EqualTo(7));
    }

    [Test]
    public async Task A_search_that_runs_out_of_time_returns_matches_and_continues()
    {
        await using var host = new ServiceCollection()
            .AddAutoStackData(
                o => (o.ConnectionString, o.MinPoolSize, o.LogSearchTime) = (Database.ConnectionString, 0, TimeSpan.FromTicks(1)))
            .BuildServiceProvider();
        var logs = host.GetRequiredService<IDeploymentLogRepository>();
        var deployment = await EnqueueAsync();
        await PlatformLogs.AppendAsync(
            deployment.Id, [.. Enumerable.Range(1, 4500).Select(i => new NewDeploymentLog { Message = $"l {i}" })], Token);

        // A text without three letters or digits in a row is searched in the same steps with an index.
        var found = new List<DeploymentLog>();
        var calls = new List<(int Searched, bool IsComplete)>();
        var after = Cursor.Start;
        for (var complete = false; !complete;)
        {
            var result = await logs.SearchAsync(deployment.Id, deployment.UserId, "L 44", after, 1000, Token);
            found.AddRange(result.Items);
            calls.Add((result.LinesSearched, result.IsComplete));
            (after, complete) = (result.SearchedTo, result.IsComplete);
        }

        Assert.That(calls, Is.EqualTo(new[] { (2000, false), (2000, false), (500, false), (0, true) }));
        Assert.That(
            found.Select(line => line.Seq),
            Is.EqualTo(new[] { 44 }.Concat(Enumerable.Range(440, 10)).Concat(Enumerable.Range(4400, 100)).Select(i => (long)i)));
    }

    [Test]
    public async Task A_search_reads_long_lines_a_few_at_a_time()
    {
        await using var host = new ServiceCollection()
            .AddAutoStackData(
                o => (o.ConnectionString, o.MinPoolSize, o.LogSearchTime) = (Database.ConnectionString, 0, TimeSpan.FromTicks(1)))
            .BuildServiceProvider();
        var deployment = await EnqueueAsync();
        var line = new string('a', 60_000);
        await PlatformLogs.AppendAsync(
            deployment.Id, [.. Enumerable.Range(1, 200).Select(_ => new NewDeploymentLog { Message = line })], Token);

        var result = await host.GetRequiredService<IDeploymentLogRepository>()
            .SearchAsync(deployment.Id, deployment.UserId, new string('a', 999) + "b", Cursor.Start, 10, Token);

        Assert.That((result.LinesSearched, result.IsComplete, result.SearchedTo), Is.EqualTo((70, false, Cursor.After(70))), "4 MiB");
    }

    [Test]
    public async Task A_search_out_of_time_does_not_end_its_unit_of_work()
    {
        await using var host = new ServiceCollection()
            .AddAutoStackData(
                o => (o.ConnectionString, o.MinPoolSize, o.LogSearchTime) = (Database.ConnectionString, 0, TimeSpan.FromTicks(1)))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var deployment = await EnqueueAsync();
        await PlatformLogs.AppendAsync(
            deployment.Id, [.. Enumerable.Range(1, 2500).Select(i => new NewDeploymentLog { Message = $"line {i}" })], Token);

        await host.GetRequiredService<IUnitOfWork>().RunAsync(async (tx, token) =>
        {
            var result = await tx.Get<IDeploymentLogRepository>().SearchAsync(
                deployment.Id, deployment.UserId, "line", Cursor.Start, 1, token);
            Assert.That((result.Items.Count, result.LinesSearched, result.IsComplete), Is.EqualTo((1, 1, false)));
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(
                deployment.Id, [new NewDeploymentLog { Message = "after" }], token);
        }, Token);

        Assert.That(
            (await Logs.SearchAsync(deployment.Id, deployment.UserId, "AFTER", Cursor.Start, 10, Token)).Items,
            Has.Count.EqualTo(1));
    }
}
