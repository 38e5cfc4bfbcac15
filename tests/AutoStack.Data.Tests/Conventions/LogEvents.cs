using System.Globalization;
using System.Reflection;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>The events of the log: operators filter by their ids, and find them in docs/telemetry.md.</summary>
public sealed class LogEvents
{
    private static readonly int[] Ids =
    [
        .. from type in typeof(IUnitOfWork).Assembly.GetTypes()
           from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public)
           let message = method.GetCustomAttribute<LoggerMessageAttribute>()
           where message is not null
           select message.EventId,
    ];

    [Test]
    public void Every_message_has_an_id_of_its_own()
    {
        Assert.That(Ids, Has.Length.GreaterThan(30));
        Assert.That(Ids, Is.All.Positive);
        Assert.That(Ids, Is.Unique);
    }

    [Test]
    public void Every_event_is_in_the_table_of_the_page()
    {
        var rows = File.ReadLines(Path.Combine(SourceRoot.Path, "docs", "telemetry.md"))
            .SkipWhile(line => !line.StartsWith("| event |", StringComparison.Ordinal)).Skip(2)
            .TakeWhile(line => line.StartsWith('|'))
            .Select(line => line.Split('|')[1].Trim());

        Assert.That(rows.SelectMany(Events).Distinct(), Is.SupersetOf(Ids));

        static IEnumerable<int> Events(string cell) => cell.Split(" to ") is [var first, var last]
            ? Enumerable.Range(Number(first), Number(last) - Number(first) + 1)
            : cell.Split(',').Select(Number);

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }
}
