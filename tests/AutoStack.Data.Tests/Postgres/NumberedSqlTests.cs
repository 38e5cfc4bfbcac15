using AutoStack.Data.Postgres;

namespace AutoStack.Data.Tests.Postgres;

public sealed class NumberedSqlTests
{
    [Test]
    public void A_name_has_the_number_of_its_first_place() => Assert.That(
        NumberedSql.Of("SELECT @second WHERE id = @first AND @second > 0").Text, Is.EqualTo("SELECT $1 WHERE id = $2 AND $1 > 0"));

    [TestCase("SELECT '[^/@:]+@x' || \"@y\" || @id", "SELECT '[^/@:]+@x' || \"@y\" || $1")]
    [TestCase("SELECT 'it''s @x' || @id", "SELECT 'it''s @x' || $1")]
    [TestCase("SELECT a @> b, @id::text", "SELECT a @> b, $1::text")]
    [TestCase("SELECT @ids, @id", "SELECT $1, $2")]
    public void What_is_no_parameter_stays(string sql, string text) => Assert.That(NumberedSql.Of(sql).Text, Is.EqualTo(text));

    [Test]
    public void Parameters_come_in_the_order_of_their_numbers_and_lose_their_names()
    {
        var (id, limit) = (1, 2);
        var (first, second) = (P.Of(id), P.Of(limit));

        var ordered = NumberedSql.Of("SELECT @limit, @id, @limit").Order([first, P.Of(3, "unused"), second]);

        Assert.That(ordered, Is.EqualTo(new[] { second, first }));
        Assert.That(ordered.Select(p => p.ParameterName), Is.All.Empty);
    }

    [Test]
    public void A_parameter_that_is_missing_is_named() =>
        Assert.That(() => NumberedSql.Of("SELECT @id").Order([]), Throws.ArgumentException.With.Message.Contains("@id"));
}
