using AutoStack.Data.Logs;

namespace AutoStack.Data.Tests.Logs;

public sealed class LogSnippetTests
{
    [Test]
    public void A_short_line_is_the_snippet()
    {
        var snippet = new LogSearch("ERROR").Snippet("an error: boom");

        Assert.That(snippet, Is.EqualTo(new LogSnippet("an error: boom", 3, 5, IsCutBefore: false, IsCutAfter: false)));
        Assert.That(new LogSearch("x").Snippet("an error"), Is.Null);
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(66)]
    [TestCase(67)]
    [TestCase(500)]
    [TestCase(990)]
    [TestCase(994)]
    public void A_long_line_is_cut_around_the_text(int place)
    {
        var line = $"{new string('a', place)}needle{new string('b', 994 - place)}";

        var snippet = new LogSearch("NEEDLE").Snippet(line)!;

        Assert.That(snippet.Text.Substring(snippet.Start, snippet.Length), Is.EqualTo("needle"));
        Assert.That(snippet.Text, Has.Length.EqualTo(LogSnippet.MaxLength));
        Assert.That(snippet.IsCutBefore, Is.EqualTo(snippet.Start < place));
        Assert.That(snippet.IsCutAfter, Is.EqualTo(snippet.Text.Length - snippet.Start < line.Length - place));
    }

    [Test]
    public void A_text_that_is_longer_than_a_snippet_is_cut_with_it()
    {
        var text = new string('x', 900);

        var snippet = new LogSearch(text).Snippet($"{new string('a', 300)}{text}")!;

        Assert.That((snippet.Start, snippet.Length, snippet.IsCutBefore, snippet.IsCutAfter), Is.EqualTo((0, 200, true, true)));
    }

    [Test]
    public void A_character_of_two_units_is_not_cut_in_half()
    {
        foreach (var shift in new[] { "", "y" })
        {
            var line = shift + string.Concat(Enumerable.Repeat("🚀", 300)) + "needle" + string.Concat(Enumerable.Repeat("🚀", 300));

            var snippet = new LogSearch("needle").Snippet(line)!;

            Assert.That(char.IsLowSurrogate(snippet.Text[0]), Is.False);
            Assert.That(char.IsHighSurrogate(snippet.Text[^1]), Is.False);
            Assert.That(snippet.Text.Substring(snippet.Start, snippet.Length), Is.EqualTo("needle"));
        }
    }
}
