using AutoStack.Data.Postgres;

namespace AutoStack.Data.Tests.Postgres;

public sealed class NumberedSqlTests
{
    [Test]
    public void A_parameter_is_numbered_by_its_first_occurrence() => Assert.That(
        NumberedSql.Of("SELECT @second WHERE id = @first AND @second > 0").Text, Is.EqualTo("SELECT $1 WHERE id = $2 AND $1 > 0"));

    [TestCase("SELECT '[^/@:]+@x' || \"@y\" || @id", "SELECT '[^/@:]+@x' || \"@y\" || $1")]
    [TestCase("SELECT 'it''s @x' || @id", "SELECT 'it''s @x' || $1")]
    [TestCase("SELECT a @> b, @id::text", "SELECT a @> b, $1::text")]
    [TestCase("SELECT @ids, @id", "SELECT $1, $2")]
    public void Text_that_is_not_a_parameter_is_unchanged(string sql, string text) =>
        Assert.That(NumberedSql.Of(sql).Text, Is.EqualTo(text));

    [Test]
    public void Parameters_are_sent_in_number_order_without_names()
    {
        var (id, limit) = (1, 2);
        var (first, second) = (P.Of(id), P.Of(limit));

        var ordered = NumberedSql.Of("SELECT @limit, @id, @limit").Order([first, P.Of(3, "unused"), second]);

        Assert.That(ordered, Is.EqualTo(new[] { second, first }));
        Assert.That(ordered.Select(p => p.ParameterName), Is.All.Empty);
    }

    [Test]
    public void A_missing_parameter_is_named_in_the_error() =>
        Assert.That(() => NumberedSql.Of("SELECT @id").Order([]), Throws.ArgumentException.With.Message.Contains("@id"));
}
