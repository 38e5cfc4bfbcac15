using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Containers;

public sealed class DeploymentContainerRepositoryTests : DatabaseTests
{
    [Test]
    public async Task A_container_is_reserved_confirmed_run_and_stopped()
    {
        var host = Unique("host");
        var deployment = await EnqueueAsync();

        var reserved = (await ReserveAsync(deployment, host))!;
        Assert.That(reserved.Port, Is.EqualTo(30000));
        Assert.That(reserved.ContainerId, Is.EqualTo($"pending:{reserved.Id}"));
        Assert.That(reserved.Status, Is.EqualTo(ContainerStatus.Starting));
        Assert.That(
            await PlatformContainers.ReportRunningAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.OutOfOrder), "not confirmed");

        Assert.That(await PlatformContainers.ConfirmAsync(reserved.Id, "docker-1", Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await PlatformContainers.ConfirmAsync(reserved.Id, "docker-1", Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await PlatformContainers.ConfirmAsync(reserved.Id, "docker-2", Token), Is.EqualTo(TransitionOutcome.OutOfOrder));
        Assert.That(await PlatformContainers.ReportRunningAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await PlatformContainers.ReportRunningAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await PlatformContainers.ReportFailedAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await PlatformContainers.ReportFailedAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await PlatformContainers.ReportRunningAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.Applied), "recovered");
        Assert.That(await PlatformContainers.ReportStoppedAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await PlatformContainers.ReportStoppedAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
        Assert.That(await PlatformContainers.ConfirmAsync(reserved.Id, "docker-1", Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
        Assert.That(await PlatformContainers.ReportRunningAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
        Assert.That(await PlatformContainers.ReportFailedAsync(reserved.Id, Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));

        var stopped = (await Containers.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Single();
        Assert.That((stopped.ContainerId, stopped.Status), Is.EqualTo(("docker-1", ContainerStatus.Stopped)));
        Assert.That(stopped.StoppedAt, Is.Not.Null);
    }

    [Test]
    public async Task A_port_is_free_once_its_container_is_stopped()
    {
        var host = Unique("host");
        var deployment = await EnqueueAsync();
        var first = (await ReserveAsync(deployment, host))!;
        var second = (await ReserveAsync(deployment, host))!;
        await PlatformContainers.ConfirmAsync(first.Id, "docker-1", Token);
        await PlatformContainers.ReportFailedAsync(first.Id, Token);

        Assert.That(second.Port, Is.EqualTo(30001));
        Assert.That((await ReserveAsync(deployment, host))!.Port, Is.EqualTo(30002), "unhealthy is not stopped");

        await PlatformContainers.ReportStoppedAsync(first.Id, Token);
        Assert.That((await ReserveAsync(deployment, host))!.Port, Is.EqualTo(30000));
    }

    [Test]
    public async Task Hosts_have_their_own_ports()
    {
        var deployment = await EnqueueAsync();

        Assert.That((await ReserveAsync(deployment, Unique("host")))!.Port, Is.EqualTo(30000));
        Assert.That((await ReserveAsync(deployment, Unique("host")))!.Port, Is.EqualTo(30000));
    }

    [Test]
    public async Task A_range_without_a_free_port_reserves_nothing()
    {
        var host = Unique("host");
        var deployment = await EnqueueAsync();
        var ports = new PortRange(30000, 30001);

        Assert.That((await ReserveAsync(deployment, host, ports))!.Port, Is.EqualTo(30000));
        Assert.That((await ReserveAsync(deployment, host, ports))!.Port, Is.EqualTo(30001));
        Assert.That(await ReserveAsync(deployment, host, ports), Is.Null);
        Assert.That(await Containers.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_repeated_reservation_is_one_row_even_for_the_last_port()
    {
        var deployment = await EnqueueAsync();
        var request = new NewDeploymentContainer
        {
            Id = Guid.CreateVersion7(),
            DeploymentId = deployment.Id,
            Image = "site:1",
            Host = Unique("host"),
            Ports = new PortRange(31000, 31001),
        };

        var first = await PlatformContainers.ReserveAsync(request, Token);
        Assert.That(await PlatformContainers.ReserveAsync(request, Token), Is.EqualTo(first));
        await ReserveAsync(deployment, request.Host, request.Ports);
        Assert.That(await PlatformContainers.ReserveAsync(request, Token), Is.EqualTo(first));

        var other = await EnqueueAsync();
        Assert.That(
            () => PlatformContainers.ReserveAsync(request with { DeploymentId = other.Id }, Token),
            Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("deployment_containers_pkey"));
    }

    [Test]
    public async Task Running_containers_are_listed_for_successful_deployments_that_are_not_deleted()
    {
        var running = await RunningAsync(finished: true);
        var deleted = await RunningAsync(finished: true);
        await RunningAsync(finished: false);
        var stopped = await RunningAsync(finished: true);
        await Deployments.SoftDeleteAsync(deleted.DeploymentId, await OwnerAsync(deleted), Token);
        await PlatformContainers.ReportStoppedAsync(stopped.Id, Token);
        var next = await RunningAsync(finished: true);

        var all = (await PlatformContainers.ListRunningAsync(Cursor.Start, 100, Token)).Items;
        Assert.That(all.Select(c => c.Container.Id), Is.EqualTo(new[] { running.Id, next.Id }.Order()));
        Assert.That(all[0].UserId, Is.EqualTo(await OwnerAsync(all[0].Container)));
        Assert.That(all[0].DeployedUrl, Is.EqualTo("https://site"));

        var page = await PlatformContainers.ListRunningAsync(Cursor.Start, 1, Token);
        var last = await PlatformContainers.ListRunningAsync(page.Next!.Value, 1, Token);
        Assert.That((page.Items.Single(), last.Items.Single(), last.Next), Is.EqualTo((all[0], all[1], (Cursor?)null)));
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var deployment = await EnqueueAsync();
        var good = new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1" };

        Assert.That(() => PlatformContainers.ReserveAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => PlatformContainers.ReserveAsync(good with { Image = "" }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("container.Image"));
        Assert.That(
            () => PlatformContainers.ReserveAsync(good with { Host = new string('h', 256) }, Token),
            Throws.ArgumentException.With.Message.Contains("at most 255"));
        Assert.That(() => PlatformContainers.ReserveAsync(good with { Ports = default }, Token), Throws.ArgumentException);
        Assert.That(
            () => PlatformContainers.ReserveAsync(good with { DeploymentId = Guid.NewGuid() }, Token),
            Throws.TypeOf<MissingReferenceException>());
        Assert.That(() => PlatformContainers.ConfirmAsync(Guid.NewGuid(), " ", Token), Throws.ArgumentException);
        Assert.That(await PlatformContainers.ConfirmAsync(Guid.NewGuid(), "docker-1", Token), Is.EqualTo(TransitionOutcome.NotFound));
        Assert.That(await PlatformContainers.ReportStoppedAsync(Guid.NewGuid(), Token), Is.EqualTo(TransitionOutcome.NotFound));
        Assert.That(() => PlatformContainers.ListRunningAsync(Cursor.Start, 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task The_newest_of_several_containers_is_found()
    {
        var host = Unique("host");
        var deployment = await EnqueueAsync();
        Assert.That(await Containers.FindLatestAsync(deployment.Id, deployment.UserId, Token), Is.Null);
        await ReserveAsync(deployment, host);
        var second = await ReserveAsync(deployment, host);

        Assert.That(await Containers.FindLatestAsync(deployment.Id, deployment.UserId, Token), Is.EqualTo(second));
        Assert.That(await Containers.FindLatestAsync(deployment.Id, (await AddUserAsync()).Id, Token), Is.Null);
        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(await Containers.FindLatestAsync(deployment.Id, deployment.UserId, Token), Is.Null);
    }

    [Test]
    public async Task Orphans_are_open_containers_of_failed_cancelled_or_deleted_deployments()
    {
        await ExecuteAsync("UPDATE deployment_containers SET stopped_at = now()");
        var healthy = await RunningAsync(finished: true);
        await RunningAsync(finished: false);
        var deleted = await RunningAsync(finished: true);
        await Deployments.SoftDeleteAsync(deleted.DeploymentId, await OwnerAsync(deleted), Token);
        var failed = await RunningAsync(finished: false);
        await Lifecycle.FailAsync(failed.DeploymentId, "x", Token);
        await PlatformContainers.ReportFailedAsync(failed.Id, Token);
        var cancelled = await RunningAsync(finished: false);
        await Deployments.CancelAsync(cancelled.DeploymentId, await OwnerAsync(cancelled), null, Token);
        var stopped = await RunningAsync(finished: false);
        await Lifecycle.FailAsync(stopped.DeploymentId, "x", Token);
        await PlatformContainers.ReportStoppedAsync(stopped.Id, Token);
        var ids = new[] { deleted.Id, failed.Id, cancelled.Id };

        Assert.That((await PlatformContainers.ListOrphansAsync(Cursor.Start, 10, Token)).Items.Select(c => c.Id), Is.EqualTo(ids));
        var page = await PlatformContainers.ListOrphansAsync(Cursor.Start, 2, Token);
        Assert.That(page.Items.Select(c => c.Id), Is.EqualTo(ids[..2]));
        var last = await PlatformContainers.ListOrphansAsync(page.Next!.Value, 2, Token);
        Assert.That(last.Items.Select(c => c.Id), Is.EqualTo(ids[2..]));
        Assert.That(last.Next, Is.Null);
        await PlatformContainers.ReportStoppedAsync(healthy.Id, Token);
        Assert.That(() => PlatformContainers.ListOrphansAsync(Cursor.Start, 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task Ports_in_use_are_those_of_open_containers()
    {
        var host = Unique("host");
        var deployment = await EnqueueAsync();
        await ReserveAsync(deployment, host);
        var second = (await ReserveAsync(deployment, host))!;
        await ReserveAsync(deployment, host);
        await PlatformContainers.ReportStoppedAsync(second.Id, Token);

        Assert.That(await PlatformContainers.ListPortsInUseAsync(host, 10, Token), Is.EqualTo(new[] { 30000, 30002 }));
        Assert.That(await PlatformContainers.ListPortsInUseAsync(host, 1, Token), Is.EqualTo(new[] { 30000 }));
        Assert.That(
            await PlatformContainers.ListPortsInUseAsync("' OR TRUE --", IPlatformDeploymentContainerRepository.MaxPorts, Token), Is.Empty);
        Assert.That(() => PlatformContainers.ListPortsInUseAsync(" ", 10, Token), Throws.ArgumentException);
        Assert.That(() => PlatformContainers.ListPortsInUseAsync(new string('x', 256), 10, Token), Throws.ArgumentException);
        Assert.That(() => PlatformContainers.ListPortsInUseAsync(host, 65536, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task Excluded_ports_are_not_chosen_and_add_no_row()
    {
        var host = Unique("host");
        var deployment = await EnqueueAsync();
        var request = new NewDeploymentContainer
        {
            DeploymentId = deployment.Id,
            Image = "site:1",
            Host = host,
            Ports = new PortRange(30000, 30003),
            ExcludedPorts = [30000, 30001, 30001, 80, -1],
        };

        Assert.That((await PlatformContainers.ReserveAsync(request, Token)).Container!.Port, Is.EqualTo(30002));
        Assert.That(
            await PlatformContainers.ReserveAsync(request with { ExcludedPorts = [30000, 30001, 30003] }, Token),
            Is.EqualTo(new ReservationResult(ReservationOutcome.NoFreePort, null)));
        Assert.That((await PlatformContainers.ReserveAsync(request with { ExcludedPorts = [] }, Token)).Container!.Port, Is.EqualTo(30000));
        Assert.That(await Containers.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token), Has.Count.EqualTo(2));
        Assert.That(() => PlatformContainers.ReserveAsync(request with { ExcludedPorts = null! }, Token), Throws.ArgumentNullException);
        Assert.That(
            () => PlatformContainers.ReserveAsync(request with { ExcludedPorts = new int[65536] }, Token), Throws.ArgumentException);
    }

    [Test]
    public async Task A_failed_cancelled_or_deleted_deployment_gets_no_port()
    {
        var refused = new ReservationResult(ReservationOutcome.Refused, null);
        foreach (var end in new Func<Deployment, Task>[]
        {
            d => Lifecycle.FailAsync(d.Id, "x", Token),
            d => Deployments.CancelAsync(d.Id, d.UserId, null, Token),
            d => Deployments.SoftDeleteAsync(d.Id, d.UserId, Token),
        })
        {
            var deployment = await StartedAsync(DeploymentStatus.Building);
            var request = new NewDeploymentContainer
            {
                Id = Guid.CreateVersion7(),
                DeploymentId = deployment.Id,
                Image = "site:1",
                Host = Unique("host"),
            };
            Assert.That((await PlatformContainers.ReserveAsync(request, Token)).Outcome, Is.EqualTo(ReservationOutcome.Reserved));
            await end(deployment);

            Assert.That(await PlatformContainers.ReserveAsync(request with { Id = null }, Token), Is.EqualTo(refused));
            Assert.That(
                await PlatformContainers.ReserveAsync(request, Token),
                Is.EqualTo(refused),
                "repeated: what was reserved before is an orphan now");
            Assert.That(
                (await PlatformContainers.ListOrphansAsync(Cursor.Start, 1000, Token)).Items,
                Has.Exactly(1).Property("DeploymentId").EqualTo(deployment.Id));
        }

        var done = await StartedAsync(DeploymentStatus.Building);
        await Lifecycle.SucceedAsync(done.Id, null, Token);
        Assert.That(await ReserveAsync(done, Unique("host")), Is.Not.Null, "its container may be started again");
    }

    [TestCase(0, 10)]
    [TestCase(10, 9)]
    [TestCase(10, 65536)]
    public void An_invalid_port_range_is_refused(int first, int last) =>
        Assert.That(() => new PortRange(first, last), Throws.TypeOf<ArgumentOutOfRangeException>());

    private async Task<DeploymentContainer?> ReserveAsync(Deployment deployment, string host, PortRange? ports = null) =>
        (await PlatformContainers.ReserveAsync(
            new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1", Host = host, Ports = ports ?? PortRange.Default },
            Token)).Container;

    private async Task<DeploymentContainer> RunningAsync(bool finished)
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        var container = (await ReserveAsync(deployment, Unique("host")))!;
        await PlatformContainers.ConfirmAsync(container.Id, Unique("docker"), Token);
        await PlatformContainers.ReportRunningAsync(container.Id, Token);
        if (finished)
        {
            await Lifecycle.SucceedAsync(deployment.Id, "https://site", Token);
        }

        return container;
    }

    private async Task<Guid> OwnerAsync(DeploymentContainer container) =>
        (Guid)(await ScalarAsync("SELECT user_id FROM deployments WHERE id = $1", container.DeploymentId))!;
}
