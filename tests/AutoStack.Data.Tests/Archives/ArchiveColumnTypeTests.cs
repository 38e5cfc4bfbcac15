using AutoStack.Data.Archives;

namespace AutoStack.Data.Tests.Archives;

/// <summary>The types of a manifest are a part of CREATE TABLE: what format_type prints is restored, and nothing else.</summary>
public sealed class ArchiveColumnTypeTests
{
    [TestCase("uuid")]
    [TestCase("double precision")]
    [TestCase("double precision[]")]
    [TestCase("character(3)")]
    [TestCase("character varying")]
    [TestCase("character varying(20)[]")]
    [TestCase("bit varying(5)")]
    [TestCase("numeric(8,2)")]
    [TestCase("numeric(8,-2)[]")]
    [TestCase("timestamp without time zone")]
    [TestCase("timestamp(3) with time zone[]")]
    [TestCase("time(0) without time zone")]
    [TestCase("interval")]
    [TestCase("interval(3)")]
    [TestCase("interval day to second(3)")]
    [TestCase("interval year to month")]
    [TestCase("\"char\"")]
    [TestCase("log_severity")]
    [TestCase("_level2[]")]
    [TestCase("ours.log_severity")]
    [TestCase("ours.\"Log \"\"Severity\"\", \u00fc\"[]")]
    [TestCase("\"Ours\".geometry(Point,4326)")]
    [TestCase("vector(1536)")]
    public void Types_of_PostgreSQL_are_restored(string type) =>
        Assert.That(ArchiveColumns.CanRestore(new("c", type)), Is.True);

    [TestCase("")]
    [TestCase("text)")]
    [TestCase("text; DROP TABLE users")]
    [TestCase("text, other text")]
    [TestCase("text--")]
    [TestCase("text /* */")]
    [TestCase("text\n")]
    [TestCase("text DEFAULT 1")]
    [TestCase("text GENERATED ALWAYS AS IDENTITY")]
    [TestCase("text PRIMARY KEY")]
    [TestCase("text REFERENCES users")]
    [TestCase("text COLLATE \"C\"")]
    [TestCase("integer CHECK (pg_sleep(9) IS NULL)")]
    [TestCase("numeric(pg_sleep(9))")]
    [TestCase("numeric(8,(SELECT 2))")]
    [TestCase("numeric('8')")]
    [TestCase("numeric()")]
    [TestCase("a.b.c.d")]
    [TestCase("a..b")]
    [TestCase("Text")]
    [TestCase("\"")]
    [TestCase("\"\"")]
    [TestCase("\"a")]
    [TestCase("\"a\"\"")]
    [TestCase("\"a\", other text, \"b\"")]
    [TestCase("\"a\" \"b\"")]
    [TestCase("\"a\0\"")]
    [TestCase("U&\"a\"")]
    [TestCase("text[")]
    [TestCase("text[1]")]
    [TestCase("text[][]")]
    [TestCase("double  precision")]
    [TestCase("double precision precision")]
    [TestCase("users.id%TYPE")]
    [TestCase("SETOF text")]
    [TestCase("t\u0435xt")]
    public void What_is_more_than_a_type_is_refused(string type) =>
        Assert.That(ArchiveColumns.CanRestore(new("c", type)), Is.False);

    [TestCase("", false)]
    [TestCase("a\nb", false)]
    [TestCase("a \"b\", c", true)]
    public void Names_of_columns_are_quoted(string name, bool isRestored) =>
        Assert.That(ArchiveColumns.CanRestore(new(name, "text")), Is.EqualTo(isRestored));
}
