using System.Text.Json;

namespace AutoStack.Data.Tests.Values;

public sealed class CursorTests
{
    private static readonly Guid Id = Guid.Parse("0197f3a0-1111-7000-8000-00000000beef");

    private static readonly Cursor[] All =
    [
        Cursor.Start,
        Cursor.After(Id),
        Cursor.After(Guid.Empty),
        Cursor.After(0),
        Cursor.After(long.MaxValue),
        Cursor.After(0, Id),
        Cursor.After(long.MaxValue, Id),
        Cursor.AfterLine(long.MaxValue, Id, long.MaxValue),
        Cursor.AfterLine(-211_813_488_000_000_000, Id, long.MinValue),
        Cursor.After(long.MinValue, Guid.Empty),
    ];

    [TestCaseSource(nameof(All))]
    public void A_cursor_round_trips_through_text_and_JSON(Cursor cursor)
    {
        Assert.That(Cursor.Parse(cursor.ToString()), Is.EqualTo(cursor));
        Assert.That(JsonSerializer.Deserialize<Cursor>(JsonSerializer.Serialize(cursor)), Is.EqualTo(cursor));
        Assert.That(cursor.ToString(), Does.Match("^[a-z0-9.-]{5,80}$").Or.Match("^s\\.[0-9]+$"), "A cursor needs no escaping in a URL.");
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("Start")]
    [TestCase("start ")]
    [TestCase("s.")]
    [TestCase("s.01")]
    [TestCase("s.+1")]
    [TestCase("s.-0")]
    [TestCase("s.9223372036854775808")]
    [TestCase("s.1.2")]
    [TestCase("s.１")]
    [TestCase("i.0197F3A0111170008000-00000000beef")]
    [TestCase("i.0197F3A0111170008000000000000BEEF")]
    [TestCase("i.{0197f3a0-1111-7000-8000-00000000beef}")]
    [TestCase("t.1")]
    [TestCase("t.1.")]
    [TestCase("t.1.2")]
    [TestCase("l.1.2")]
    [TestCase("l.1.0197f3a0111170008000000000000000")]
    [TestCase("l.-211813488000000001.1.0197f3a0111170008000000000000000")]
    [TestCase("t.-211813488000000001.0197f3a0111170008000000000000000")]
    [TestCase("t.9223371331200000000.0197f3a0111170008000000000000000")]
    [TestCase("x.1")]
    public void A_malformed_text_is_not_a_cursor(string? text)
    {
        Assert.That(Cursor.TryParse(text, out var cursor), Is.False);
        Assert.That(cursor, Is.EqualTo(Cursor.Start));
        Assert.That(() => Cursor.Parse(text!), Throws.TypeOf<FormatException>().With.Message.EqualTo("The text is not a cursor."));
        Assert.That(() => JsonSerializer.Deserialize<Cursor>(JsonSerializer.Serialize(text)), Throws.TypeOf<JsonException>());
    }

    [Test]
    public void A_text_of_ten_million_characters_is_not_a_cursor() =>
        Assert.That(Cursor.TryParse(new string('.', 10_000_000), out _), Is.False);

    [Test]
    public void A_cursor_of_another_kind_of_list_is_refused()
    {
        Assert.That(
            () => Cursor.After(1).ToId(),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("cursor").And.Message.Contains("belongs to another kind of list."));
        Assert.That(() => Cursor.After(Id).ToMoment(), Throws.ArgumentException);
        Assert.That(() => Cursor.After(0, Id).ToSeq(), Throws.ArgumentException);
        Assert.That(Cursor.Start.ToId(), Is.Null);
        Assert.That(Cursor.Start.ToMoment(), Is.Null);
        Assert.That(Cursor.Start.ToSeq(), Is.Null);
    }

    [Test]
    public void Two_places_differ_by_their_row() => Assert.That(
        (Cursor.After(1) != Cursor.After(2), Cursor.After(1) != Cursor.After(1), Cursor.After(1) == Cursor.After(1)),
        Is.EqualTo((true, false, true)));

    [Test]
    public void A_page_has_a_next_cursor_only_if_another_row_exists()
    {
        var more = Page<long>.Of([1L, 2L, 3L], limit: 2, Cursor.After);
        var last = Page<long>.Of([1L, 2L], limit: 2, Cursor.After);

        Assert.That(more.Items, Is.EqualTo([1L, 2L]));
        Assert.That(more.Next, Is.EqualTo(Cursor.After(2L)));
        Assert.That(last.Items, Is.EqualTo([1L, 2L]));
        Assert.That(last.Next, Is.Null);
    }
}
