using AutoStack.Data.Monitoring;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>Rules whose faults a test cannot make: another version of the server, a broken disk, a receiver a gigabyte behind.</summary>
public sealed class DoctorFactsTests : DatabaseTests
{
    private async Task<DoctorFacts> FactsAsync() => new()
    {
        Stats = WithoutOthers(await Get<IDatabaseMonitor>().MeasureAsync(StatsParts.Totals | StatsParts.Replication, Token)),
        Options = new DoctorOptions(),
        Settings = new Dictionary<string, Setting>(),
        Placed = [],
        ServiceRoles = [],
        Rights = new Rights("UTF8", "autostack", false, false, false, null, false),
        StaleCollations = [],
        Sequences = [],
        Extensions = [new ExtensionFact("pg_stat_statements", "pg_stat_statements", "1.10", "1.10")],
        Tables = [],
    };

    [TestCase(150_001, Severity.Warning, "The server is 15.1; 15.18 is out.")]
    [TestCase(130_022, Severity.Error, "PostgreSQL 13 is not supported")]
    [TestCase(150_018, null, "")]
    [TestCase(150_099, null, "")]
    [TestCase(190_000, null, "")]
    public async Task An_old_version_of_the_server(int version, Severity? severity, string problem)
    {
        var facts = await FactsAsync();
        var server = facts.Stats.Server with { Version = version };
        var findings = DoctorRules.Apply(facts with { Stats = facts.Stats with { Server = server } });

        Assert.That(findings.Select(f => ((Severity?)f.Severity, f.Rule)),
            Is.EqualTo(severity is null ? [] : new[] { (severity, "server-version") }));
        Assert.That(string.Concat(findings.Select(f => f.Problem)), Does.StartWith(problem));
    }

    [Test]
    public async Task A_page_with_a_wrong_checksum()
    {
        var facts = Current(await FactsAsync());
        var findings = DoctorRules.Apply(
            facts with { Stats = facts.Stats with { Totals = facts.Stats.Totals! with { ChecksumFailures = 2 } } });

        Assert.That(findings.Select(f => (f.Rule, f.Severity)), Is.EqualTo(new[] { ("checksum-failures", Severity.Error) }));
    }

    [Test]
    public async Task A_receiver_far_behind()
    {
        var facts = Current(await FactsAsync());
        var slot = new SlotStats("standby", "physical", IsActive: true, 3L << 30, "extended", null);
        var findings = DoctorRules.Apply(
            facts with { Stats = facts.Stats with { Replication = facts.Stats.Replication! with { Slots = [slot] } } });

        Assert.That(findings.Select(f => (f.Rule, f.Severity)), Is.EqualTo(new[] { ("slot-behind", Severity.Warning) }));
    }

    // The server is that of other tests, with their checkpoints and slots, and archives nothing.
    private static DatabaseStats WithoutOthers(DatabaseStats stats) => stats with
    {
        Totals = stats.Totals! with { RequestedCheckpoints = 0, ChecksumFailures = null },
        Replication = stats.Replication! with { Slots = [], Standbys = [], ArchiveMode = "on" },
    };

    private static DoctorFacts Current(DoctorFacts facts) =>
        facts with { Stats = facts.Stats with { Server = facts.Stats.Server with { Version = 190_000 } } };
}
