using System.Text.Json;

namespace AutoStack.Data.Tests.Values;

public sealed class ReadTokenTextTests
{
    [TestCase("0")]
    [TestCase("1")]
    [TestCase("7421")]
    [TestCase("18446744073709551615")]
    [TestCase("0/0")]
    [TestCase("0/3000148")]
    [TestCase("16/B374D848")]
    [TestCase("FFFFFFFF/FFFFFFFF")]
    public void A_token_round_trips_through_text_and_JSON(string text)
    {
        var token = ReadToken.Parse(text);

        Assert.That(token.ToString(), Is.EqualTo(text));
        Assert.That(JsonSerializer.Deserialize<ReadToken>(JsonSerializer.Serialize(token)), Is.EqualTo(token));
        Assert.That((token == ReadToken.None, token != ReadToken.None), Is.EqualTo((text == "0", text != "0")));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase(" 1")]
    [TestCase("01")]
    [TestCase("+1")]
    [TestCase("-1")]
    [TestCase("1e3")]
    [TestCase("１")]
    [TestCase("18446744073709551616")]
    [TestCase("/")]
    [TestCase("0/")]
    [TestCase("0/0/0")]
    [TestCase("0/a")]
    [TestCase("00/1")]
    [TestCase("100000000/0")]
    [TestCase("1; DROP TABLE users")]
    public void A_malformed_text_is_not_a_token(string? text)
    {
        Assert.That(ReadToken.TryParse(text, out var token), Is.False);
        Assert.That(token, Is.EqualTo(ReadToken.None));
        Assert.That(
            () => ReadToken.Parse(text!), Throws.TypeOf<FormatException>().With.Message.EqualTo("The text is not a read token."));
        Assert.That(() => JsonSerializer.Deserialize<ReadToken>(JsonSerializer.Serialize(text)), Throws.TypeOf<JsonException>());
    }

    [Test]
    public void A_text_of_ten_million_characters_is_not_a_token() =>
        Assert.That(ReadToken.TryParse(new string('/', 10_000_000), out _), Is.False);
}
