using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Tests.Postgres;

/// <summary>The parts of a URI of libpq and of SQLAlchemy, and what is said of a wrong one.</summary>
public sealed class ConnectionUriTests
{
    [TestCase("postgresql://db/autostack", null, null, "autostack")]
    [TestCase("postgresql://@db/autostack", null, null, "autostack")]
    [TestCase("postgresql://app@db", "app", null, null)]
    [TestCase("postgresql://app:@db/", "app", null, null)]
    [TestCase("postgresql://:s3cret@db/autostack", null, "s3cret", "autostack")]
    [TestCase("postgresql://app:a:b%2Fc@db/x%20y", "app", "a:b/c", "x y")]
    [TestCase("postgresql+asyncpg://app:a/b@db/autostack", "app", "a/b", "autostack")]
    [TestCase("postgresql+psycopg://app:%C3%A9@db/autostack", "app", "é", "autostack")]
    public void A_part_that_is_missing_or_empty_is_not_set(string uri, string? user, string? password, string? database)
    {
        var read = ConnectionUri.Parse(uri);

        Assert.That(
            (read.Host, read.Port, read.Username, read.Password, read.Database),
            Is.EqualTo(("db", 5432, user, password, database)));
    }

    [TestCase("postgresql://[::1]:5433/a", "::1", 5433)]
    [TestCase("postgresql://[::1]:5433,db2/a", "[::1]:5433,db2:5432", 5432)]
    [TestCase("postgresql://db1,db2/a", "db1:5432,db2:5432", 5432)]
    [TestCase("postgresql://db1,db2/a?port=5433", "db1:5433,db2:5433", 5432)]
    [TestCase("postgresql://db1,db2/a?host=db3", "db3", 5432)]
    [TestCase("postgresql:///a?host=db1&host=db2", "db2", 5432)]
    [TestCase("postgresql+asyncpg://db1/a?host=db2", "db2", 5432)]
    [TestCase("postgresql+asyncpg:///a?host=db1&host=db2", "db1:5432,db2:5432", 5432)]
    [TestCase("postgresql+asyncpg:///a?host=db1&host=db2&port=1&port=2", "db1:1,db2:2", 5432)]
    public void Servers_are_those_of_the_address_or_of_the_parameters(string uri, string host, int port)
    {
        var read = ConnectionUri.Parse(uri);

        Assert.That((read.Host, read.Port), Is.EqualTo((host, port)));
    }

    [TestCase("postgresql://db/a?sslmode=require&sslmode=disable&application_name=a+b", "a+b")]
    [TestCase("postgresql+asyncpg://db/a?sslmode=require&sslmode=disable&application_name=a+b", "a b")]
    public void A_plus_is_a_space_in_Python_and_the_last_of_repeated_parameters_counts(string uri, string name)
    {
        var read = ConnectionUri.Parse(uri);

        Assert.That((read.SslMode, read.ApplicationName), Is.EqualTo((SslMode.Disable, name)));
    }

    [TestCase("mysql://db/a", "scheme: it must be postgresql or postgres")]
    [TestCase("postgresql://app:a/b@db", "user name or password: write @ as %40 and / as %2F")]
    [TestCase("postgresql+asyncpg://a/b:s3cret@db", "user name or password: write @ as %40")]
    [TestCase("postgresql://app:s3cret@db@x", "user name or password: write @ as %40")]
    [TestCase("postgresql://a%zz@db", "user name: two hexadecimal digits")]
    [TestCase("postgresql://a%@db", "user name: two hexadecimal digits")]
    [TestCase("postgresql://a%ff@db", "user name: two hexadecimal digits")]
    [TestCase("postgresql://a%00@db", "user name: two hexadecimal digits")]
    [TestCase("postgresql://app:s3cret%zz@db", "password: two hexadecimal digits")]
    [TestCase("postgresql://db/a%zz", "database: two hexadecimal digits")]
    [TestCase("postgresql://d%zz/a", "host: two hexadecimal digits")]
    [TestCase("postgresql://db:5%zz/a", "port: two hexadecimal digits")]
    [TestCase("postgresql://db:5432:1/a", "host: it must be host, host:port or [IPv6]:port")]
    [TestCase("postgresql://db/a?%zz=1", "parameters: two hexadecimal digits")]
    [TestCase("postgresql://db/a?sslmode=%zz", "parameter sslmode: two hexadecimal digits")]
    [TestCase("postgresql://db/a?sslmode", "parameter: sslmode has no value")]
    [TestCase("postgresql://db/a?sslmode=require&colour=red", "parameter: colour is unknown.")]
    [TestCase("postgresql://db/a?a%20s3cret=red", "parameter: it is unknown; write & in a value as %26.")]
    [TestCase("postgresql://db/a?password=x&s3cret=red", "parameter: it is unknown; write & in a value as %26.")]
    [TestCase("postgresql://db/a?password=x&sslpassword=y&s3cret=red", "parameter: it is unknown; write & in a value as %26.")]
    public void A_wrong_part_is_named_with_the_reason_and_never_shown(string uri, string says) =>
        Assert.That(
            () => ConnectionUri.Parse(uri),
            Throws.TypeOf<FormatException>().With.Message.Contains($"has a wrong {says}").And.Message.Not.Contains("s3cret"));
}
