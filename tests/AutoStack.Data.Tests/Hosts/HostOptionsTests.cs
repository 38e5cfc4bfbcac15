using Microsoft.Extensions.Options;
using Npgsql;

namespace AutoStack.Data.Tests.Hosts;

public sealed class HostOptionsTests
{
    private const string Several = "Host=db1:5433,db2;Database=autostack;Username=app";

    // A Unix socket refuses the settings of TCP, and with them the connection.
    [TestCase("localhost", true)]
    [TestCase("/run/postgresql", false)]
    [TestCase("@postgresql", false)]
    [TestCase("db1,/run/postgresql", false)]
    public void Tcp_keepalive_is_set_for_hosts_on_the_network(string host, bool expected) => Assert.That(
        new AutoStackDataOptions { ConnectionString = $"Host={host};Database=d;Username=u" }.ToConnectionString().TcpKeepAlive,
        Is.EqualTo(expected));

    [Test]
    public void Several_hosts_have_short_timeouts_unless_the_connection_string_sets_others()
    {
        var built = Built(Several);
        Assert.That((built.Timeout, built.HostRecheckSeconds, built.GssEncryptionMode), Is.EqualTo((2, 1, GssEncryptionMode.Disable)));
        Assert.That((built.LoadBalanceHosts, built.TargetSessionAttributes), Is.EqualTo((true, (string?)null)));

        built = Built(Several + ";Timeout=7;Host Recheck Seconds=5;GSS Encryption Mode=Prefer;Load Balance Hosts=false");
        Assert.That((built.Timeout, built.HostRecheckSeconds, built.GssEncryptionMode), Is.EqualTo((7, 5, GssEncryptionMode.Prefer)));
        Assert.That(built.LoadBalanceHosts, Is.False);

        built = Built("Host=db1;Database=autostack;Username=app");
        Assert.That((built.Timeout, built.HostRecheckSeconds), Is.EqualTo((30, 10)));
    }

    [TestCase("primary")]
    [TestCase("read-write")]
    [TestCase("any")]
    public void An_attribute_that_asks_for_the_primary_is_taken(string attribute) =>
        Assert.That(Built($"{Several};Target Session Attributes={attribute}").TargetSessionAttributes, Is.Null);

    [TestCase("standby")]
    [TestCase("read-only")]
    [TestCase("prefer-standby")]
    public void An_attribute_that_asks_for_a_standby_is_refused(string attribute) =>
        Assert.That(
            () => Built($"{Several};Target Session Attributes={attribute}"),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("Target Session Attributes"));

    [Test]
    public void A_URI_is_taken_as_pairs_are()
    {
        var built = Built("postgresql://app:p%40ss@db1:5433,db2/autostack?target_session_attrs=read-write&connect_timeout=3");
        Assert.That((built.Host, built.Database), Is.EqualTo(("db1:5433,db2:5432", "autostack")));
        Assert.That((built.Username, built.Password), Is.EqualTo(("app", "p@ss")));
        Assert.That((built.Timeout, built.HostRecheckSeconds, built.Timezone), Is.EqualTo((3, 1, "UTC")));

        Assert.That(Built("postgres://app@db/autostack").Host, Is.EqualTo("db"));
    }

    [TestCase("postgresql://app:hunter2@db@1/autostack", "user name or password")]
    [TestCase("postgresql://app:hunter2@db:0/autostack", "port")]
    [TestCase("postgresql://app:hunter2@db/autostack?pasword=hunter2", "parameter")]
    [TestCase("mysql://app:hunter2@db/autostack", "scheme")]
    public void A_wrong_URI_is_refused_without_any_secret(string uri, string part) =>
        Assert.That(
            () => Built(uri),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("AutoStackDataOptions.ConnectionString")
                .And.Message.Contains($"wrong {part}").And.Message.Not.Contains("hunter2"));

    [Test]
    public void A_wait_out_of_its_range_is_refused([Values(-1, 10_001)] int milliseconds) =>
        Assert.That(
            () => new AutoStackDataOptions
            {
                ConnectionString = Several,
                StandbyWait = TimeSpan.FromMilliseconds(milliseconds),
            }.Validate(needsConnectionString: true),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("StandbyWait"));

    private static NpgsqlConnectionStringBuilder Built(string connectionString) =>
        new AutoStackDataOptions { ConnectionString = connectionString }.ToConnectionString();
}
