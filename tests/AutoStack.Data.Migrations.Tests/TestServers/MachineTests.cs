using AutoStack.Data.LocalServer;

namespace AutoStack.Data.Migrations.Tests.TestServers;

/// <summary>Whose process is known to have ended. What belongs to another machine is left alone.</summary>
public sealed class MachineTests
{
    private const string FirstNamespace = "pid:[4026531836]";
    private static readonly Machine Here = new("runner", "ci", FirstNamespace, "0123456789abcdef0123456789abcdef", "boot 1");

    // A process id above every limit of Linux.
    private const int Nobody = 2_000_000_000;

    private static IEnumerable<TestCaseData> Others =>
    [
        new(Here with { Id = "fedcba9876543210fedcba9876543210", BootId = "boot 2" }) { TestName = "A_twin_with_another_machine_id" },
        new(Here with { Id = null, BootId = "boot 2" }) { TestName = "A_machine_without_an_id" },
        new(Here with { ProcessNamespace = "pid:[4026532000]" }) { TestName = "A_container_of_the_machine" },
        new(Here with { Host = "other" }) { TestName = "Another_host_name" },
        new(Here with { User = "other" }) { TestName = "Another_user" },
    ];

    [TestCaseSource(nameof(Others))]
    public void A_process_of_another_machine_counts_as_alive(object machine) => Assert.Multiple(() =>
    {
        var other = (Machine)machine;
        Assert.That(OwnerProcess.Of(other, Nobody, "1").IsDeadOn(Here), Is.False);
        Assert.That(OwnerProcess.Of(Here, Nobody, "1").IsDeadOn(other), Is.False);
    });

    [Test]
    public void A_process_of_an_earlier_run_of_the_machine_has_ended() => Assert.That(
        OwnerProcess.Of(Here with { BootId = "boot 0" }, Environment.ProcessId, StartOfThisProcess).IsDeadOn(Here), Is.True);

    [Test]
    public void A_process_of_this_run_has_ended_when_its_id_is_free_or_another_ones() => Assert.Multiple(() =>
    {
        Assert.That(OwnerProcess.Of(Here, Nobody, "1").IsDeadOn(Here), Is.True);
        Assert.That(OwnerProcess.Of(Here, Environment.ProcessId, "1").IsDeadOn(Here), Is.True);
        Assert.That(OwnerProcess.Of(Here, Environment.ProcessId, StartOfThisProcess).IsDeadOn(Here), Is.False);
        Assert.That(OwnerProcess.Current.IsDead, Is.False);
    });

    // Containers of one image have one machine id, and may have the same number of a namespace on two hosts.
    [Test]
    public void A_container_is_known_by_the_run_of_the_kernel()
    {
        var container = Here with { ProcessNamespace = "pid:[4026532000]" };
        Assert.That(OwnerProcess.Of(container with { BootId = "boot 2" }, Nobody, "1").IsDeadOn(container), Is.False);
        Assert.That(OwnerProcess.Of(container, Nobody, "1").IsDeadOn(container), Is.True);
    }

    [TestCase(Nobody)]
    [TestCase(0)]
    public void A_process_that_could_not_see_itself_counts_as_alive(int id) =>
        Assert.That(OwnerProcess.Of(Here, id == 0 ? Environment.ProcessId : id, null).IsDeadOn(Here), Is.False);

    [Test]
    public void The_identity_is_parsed_as_it_is_written_and_shows_no_machine_id()
    {
        var owner = OwnerProcess.Of(Here, 17, "4711");
        Assert.That(OwnerProcess.Parse(owner.ToString()), Is.EqualTo(owner));
        Assert.That(owner.ToString(), Does.Not.Contain(Here.Id));
    }

    private static string StartOfThisProcess => OwnerProcess.Current.Started.Split('@')[0];
}
