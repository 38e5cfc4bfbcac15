using AutoStack.Data.Logs;

namespace AutoStack.Data.Tests.Logs;

public sealed class PatternAutomatonTests
{
    [Test]
    public void The_automaton_finds_what_separate_searches_find([Range(1, 50)] int seed)
    {
#pragma warning disable CA5394 // The same patterns on every run.
        var random = new Random(seed);
        string[] patterns = [.. Enumerable.Range(0, random.Next(1, 30)).Select(_ => Any(random.Next(1, 12)))];
        var text = Any(300);
        var automaton = new PatternAutomaton(patterns);

        var node = 0;
        for (var i = 0; i < text.Length; i++)
        {
            node = automaton.Next(node, text[i]);
            var seen = text[..(i + 1)];
            var longest = patterns.Where(
                pattern => seen.EndsWith(pattern, StringComparison.Ordinal)).Select(pattern => pattern.Length).DefaultIfEmpty().Max();
            var begun = patterns.SelectMany(
                pattern => Enumerable.Range(1, pattern.Length).Where(n => seen.EndsWith(pattern[..n], StringComparison.Ordinal)))
                .DefaultIfEmpty().Max();
            Assert.That(
                (automaton.Longest(node), automaton.Depth(node)),
                Is.EqualTo((longest, begun)),
                $"at {i} of {text} for {string.Join(", ", patterns)}");
        }

        string Any(int length) => new([.. Enumerable.Range(0, length).Select(_ => "abä"[random.Next(3)])]);
#pragma warning restore CA5394
    }

    [Test]
    public void Both_alphabets_of_base64_are_equivalent()
    {
        var automaton = new PatternAutomaton(["ab-c_d", "ab+c"]);

        Assert.That("ab+c/d".Aggregate(0, automaton.Next), Is.EqualTo("ab-c_d".Aggregate(0, automaton.Next)));
        Assert.That(automaton.Longest("xab-c".Aggregate(0, automaton.Next)), Is.EqualTo(4));
    }
}
