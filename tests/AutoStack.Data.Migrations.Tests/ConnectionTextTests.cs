using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class ConnectionTextTests : MigrationTests
{
    private const string Secret = "s3cret-pass";

    [TestCase("postgresql://ada:pw@db.example:5433/shop", "Host=db.example;Port=5433;Database=shop;Username=ada;Password=pw")]
    [TestCase("postgres://db.example/shop", "Host=db.example;Port=5432;Database=shop")]
    [TestCase("POSTGRESQL://ada@db.example", "Host=db.example;Port=5432;Username=ada")]
    [TestCase("postgresql://ada@db.example:/", "Host=db.example;Port=5432;Username=ada")]
    [TestCase("  postgresql://db.example/shop\n", "Host=db.example;Port=5432;Database=shop")]
    [TestCase("postgresql://a%40b:p%2F%3A%40%3F%23%25%20w@db.example/my%20shop",
        "Host=db.example;Port=5432;Database=my shop;Username=a@b;Password=p/:@?#% w")]
    [TestCase("postgresql://ada:a:b#c+d;e='f'@db.example/shop",
        "Host=db.example;Port=5432;Database=shop;Username=ada;Password=\"a:b#c+d;e='f'\"")]
    [TestCase("postgresql://ada:%C3%A9%E2%82%AC@db.example/shop", "Host=db.example;Port=5432;Database=shop;Username=ada;Password=é€")]
    [TestCase("postgresql://[::1]:5433/shop", "Host=::1;Port=5433;Database=shop")]
    [TestCase("postgresql://[2001:db8::7]/shop", "Host=2001:db8::7;Port=5432;Database=shop")]
    [TestCase("postgresql://a:5433,b,[::1]:5434/shop?target_session_attrs=read-write",
        "Host=\"a:5433,b:5432,[::1]:5434\";Database=shop;Target Session Attributes=read-write")]
    [TestCase("postgresql:///shop?host=/var/run/postgresql&port=5433", "Host=/var/run/postgresql;Port=5433;Database=shop")]
    [TestCase("postgresql://%2Fvar%2Frun%2Fpostgresql/shop", "Host=/var/run/postgresql;Port=5432;Database=shop")]
    [TestCase("postgresql:///?host=a,b&port=5433&dbname=shop&user=ada&password=p%26w",
        "Host=\"a:5433,b:5433\";Database=shop;Username=ada;Password=p&w")]
    [TestCase("postgresql://a/shop?host=b&dbname=other", "Host=b;Port=5432;Database=other")]
    [TestCase("postgresql://a/shop?application_name=my+tool&connect_timeout=7",
        "Host=a;Port=5432;Database=shop;Application Name=my+tool;Timeout=7")]
    [TestCase("postgresql://a/shop?options=-c%20search_path%3Dx&keepalives_idle=9",
        "Host=a;Port=5432;Database=shop;Options=-c search_path=x;Keepalive=9")]
    [TestCase("postgresql://a/shop?sslmode=verify-full&sslrootcert=/r&sslcert=/c&sslkey=/k&sslpassword=p",
        "Host=a;Port=5432;Database=shop;SSL Mode=VerifyFull;Root Certificate=/r;SSL Certificate=/c;SSL Key=/k;SSL Password=p")]
    [TestCase("postgresql://a/shop?sslmode=require&channel_binding=require",
        "Host=a;Port=5432;Database=shop;SSL Mode=Require;Channel Binding=Require")]
    [TestCase("postgresql://a/shop?sslmode=require&sslrootcert=/r", "Host=a;Port=5432;Database=shop;SSL Mode=VerifyCA;Root Certificate=/r")]
    [TestCase("postgresql://a/shop?sslrootcert=system", "Host=a;Port=5432;Database=shop;SSL Mode=VerifyFull")]
    [TestCase("postgresql://a/shop?ssl=true", "Host=a;Port=5432;Database=shop;SSL Mode=Require")]
    [TestCase("postgresql+asyncpg://ada:p/w@a:5433/shop?ssl=verify-ca",
        "Host=a;Port=5433;Database=shop;Username=ada;Password=p/w;SSL Mode=VerifyCA")]
    [TestCase("postgresql+psycopg2://ada:p%40w@a/shop?sslmode=disable",
        "Host=a;Port=5432;Database=shop;Username=ada;Password=p@w;SSL Mode=Disable")]
    [TestCase("postgresql+psycopg://ada@/shop?host=a:5433&host=b&application_name=my+tool",
        "Host=\"a:5433,b:5432\";Database=shop;Username=ada;Application Name=my tool")]
    public void A_URI_is_equivalent_to_key_value_pairs(string uri, string pairs) =>
        Assert.That(Pairs(ConnectionText.Parse(uri)), Is.EquivalentTo(Pairs(new NpgsqlConnectionStringBuilder(pairs))));

    [TestCase("mysql://ada:" + Secret + "@a/shop", "scheme")]
    [TestCase("postgresql+pg8000://ada:" + Secret + "@a/shop", "scheme")]
    [TestCase("postgresql://ada:x@" + Secret + "@a/shop", "password")]
    [TestCase("postgresql://ada:x@y/" + Secret + "@a/shop", "password")]
    [TestCase("postgresql://ada:12/" + Secret + "@a/shop", "password")]
    [TestCase("postgresql://ada:12?" + Secret + "=1", "parameter")]
    [TestCase("postgresql+asyncpg://a/" + Secret + "@b/shop", "password")]
    [TestCase("postgresql://ada:" + Secret + "/shop", "port")]
    [TestCase("postgresql://ada:" + Secret + ":5432/shop", "host")]
    [TestCase("postgresql://ada:" + Secret + "%zz@a/shop", "password")]
    [TestCase("postgresql://ada:" + Secret + "%4@a/shop", "password")]
    [TestCase("postgresql://ada:" + Secret + "%00@a/shop", "password")]
    [TestCase("postgresql://ada:" + Secret + "%FF@a/shop", "password")]
    [TestCase("postgresql://ada:" + Secret + "@a:0/shop", "port")]
    [TestCase("postgresql://ada:" + Secret + "@a:65536/shop", "port")]
    [TestCase("postgresql://ada:" + Secret + "@a:1,b:2/shop?port=1,2,3", "port")]
    [TestCase("postgresql://ada:" + Secret + "@a,,b/shop", "host")]
    [TestCase("postgresql://ada:" + Secret + "@[::1/shop", "host")]
    [TestCase("postgresql://ada:" + Secret + "@::1/shop", "host")]
    [TestCase("postgresql://ada:" + Secret + "@/shop", "Host")]
    [TestCase("postgresql://ada:" + Secret + "@a/shop?statement_cache_size=0", "statement_cache_size is unknown")]
    [TestCase("postgresql://ada:" + Secret + "@a/shop?SslMode=require", "SslMode is unknown")]
    [TestCase("postgresql://a/shop?password=x&" + Secret, "parameter")]
    [TestCase("postgresql://a/shop?password=x&secretpass=1", "it is unknown")]
    [TestCase("postgresql://ada:" + Secret + "@a/shop?sslmode", "sslmode has no value")]
    [TestCase("postgresql://ada:" + Secret + "@a/shop?sslmode=on", "sslmode")]
    [TestCase("postgresql://a/shop?sslmode=" + Secret, "sslmode")]
    [TestCase("postgresql://a/shop?ssl=" + Secret, "parameter ssl")]
    [TestCase("postgresql://a/shop?sslmode=require&sslrootcert=system", "sslrootcert")]
    [TestCase("postgresql://a/shop?connect_timeout=" + Secret, "connect_timeout")]
    [TestCase("postgresql://a/shop?connect_timeout=99999", "connect_timeout")]
    [TestCase("postgresql://a/shop?target_session_attrs=" + Secret, "target_session_attrs")]
    [TestCase("postgresql://a/shop?channel_binding=7", "channel_binding")]
    public void The_error_of_a_wrong_URI_names_the_part_without_quoting_it(string uri, string part)
    {
        var failure = Assert.Throws<MigrationException>(() => new SchemaMigrator(uri))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure.Error, Is.EqualTo(MigrationError.NoConnection));
            Assert.That(failure.Message, Does.Contain(part));
            Assert.That(failure.ToString(), Does.Not.Contain(Secret).And.Not.Contain("secretpass"));
        }
    }

    [TestCase("postgresql://{0}@{1}:{2}/{3}")]
    [TestCase("postgresql+asyncpg://{0}@{1}:{2}/{3}")]
    [TestCase("postgres://{0}@/{3}?host={1}&port={2}")]
    [TestCase("postgresql://{0}@{1}:{2},{1}:{2}/{3}")]
    [TestCase("postgresql://{0}@{1}:{2},{1}:{2}/{3}?target_session_attrs=read-write")]
    [TestCase("postgresql://{0}@{1}:{2}/{3}?target_session_attrs=primary&application_name=x")]
    public async Task The_console_accepts_a_URI(string form)
    {
        string[][] runs = [["upgrade", "--dry-run"], ["upgrade", "2", "--rehearse", "--yes"], ["upgrade", "3"], ["downgrade", "2", "--yes"],
            ["current"]];
        foreach (var args in runs)
        {
            var run = await ConsoleRun.StartAsync(args, connection: Uri(form), cancellationToken: Token);
            Assert.That(run.Code, Is.Zero, run.Error);
        }

        Assert.That(await AppliedAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task An_untrusted_certificate_fails_at_once_with_NoConnection()
    {
        var run = await ConsoleRun.StartAsync(
            ["current", "--wait", "3600"], connection: Uri("postgresql://{0}@{1}:{2}/{3}?sslmode=verify-full&sslrootcert=/no/such/file"),
            cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(6), run.Error);
    }

    [TestCase("upgrade", "--conection", "URI")]
    [TestCase("upgrade", "--conection=URI")]
    [TestCase("upgrade", "--conection:URI")]
    [TestCase("upgrade", "URI")]
    [TestCase("upgrade", "--timeout", "URI")]
    [TestCase("upgrade", "--wait=URI")]
    [TestCase("downgrade", "URI", "--yes")]
    [TestCase("current", "--json", "URI")]
    [TestCase("URI")]
    [TestCase("current", "--connection", "URI", "URI")]
    public async Task A_misplaced_password_with_special_characters_is_not_quoted(params string[] args)
    {
        foreach (var uri in new[]
        {
            "postgresql://ada:" + Secret + "'\" $[red]é%40;x@a/shop", "postgresql+asyncpg://ada:{}<" + Secret + "/=@a/shop",
            "ada:" + Secret + "@a/shop",
            "Host=a;Password='" + Secret + " [x]'",
        })
        {
            var run = await ConsoleRun.StartAsync(
                [.. args.Select(a => a.Replace("URI", uri, StringComparison.Ordinal))], cancellationToken: Token);

            using (Assert.EnterMultipleScope())
            {
                Assert.That(run.Code, Is.EqualTo(2), uri);
                Assert.That(run.Error, Is.Not.Empty);
                Assert.That(run.Output + run.Error, Does.Not.Contain(Secret));
            }
        }
    }

    private static IEnumerable<string> Pairs(NpgsqlConnectionStringBuilder builder) => builder.Select(pair => $"{pair.Key}={pair.Value}")
        .Where(pair => pair != $"Port={NpgsqlConnection.DefaultPort}");

    private string Uri(string form)
    {
        var builder = new NpgsqlConnectionStringBuilder(ConnectionString);
        if (builder.Host!.StartsWith('/'))
        {
            Assert.Ignore("The server is not reached by host and port alone.");
        }

        var password = string.IsNullOrEmpty(builder.Password) ? "" : ":" + System.Uri.EscapeDataString(builder.Password);
        return string.Format(
            null, form, System.Uri.EscapeDataString(builder.Username!) + password, builder.Host, builder.Port, builder.Database);
    }
}
