using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Concurrency;

public sealed class PortRaceTests : DatabaseTests
{
    [Test]
    public async Task Concurrent_reservations_get_different_ports()
    {
        var host = Unique("host");
        var project = await AddProjectAsync();
        var deployments = await Task.WhenAll(Enumerable.Range(0, 9).Select(_ => EnqueueAsync(project)));
        Task<ReservationResult>[] waiting = [];

        // The first reservation is held open until eight others wait for it: all of them would find the same port free.
        var first = await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var reserved = await tx.Get<IPlatformDeploymentContainerRepository>().ReserveAsync(Request(8), token);
            waiting = [.. Enumerable.Range(0, 8).Select(n => Task.Run(() => PlatformContainers.ReserveAsync(Request(n), Token)))];
            await UntilSomeoneWaitsAsync(8);
            return reserved.Container!.Port;
        }, Token);

        var others = (await Task.WhenAll(waiting)).Select(c => c.Container!.Port);
        Assert.That(others.Append(first).Order(), Is.EqualTo(Enumerable.Range(30000, 9)));

        NewDeploymentContainer Request(int n) => new() { DeploymentId = deployments[n].Id, Image = "site:1", Host = host };
    }

    [Test]
    public async Task A_reservation_waits_for_an_open_cancel_and_is_refused()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Task<ReservationResult> reservation = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IDeploymentRepository>().CancelAsync(deployment.Id, deployment.UserId, null, token);
            reservation = PlatformContainers.ReserveAsync(
                new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1", Host = Unique("host") }, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await reservation, Is.EqualTo(new ReservationResult(ReservationOutcome.Refused, null)));
    }

    [Test]
    public async Task A_port_that_another_program_inserts_is_not_assigned_twice()
    {
        var host = Unique("host");
        var deployment = await EnqueueAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var insert = connection.CreateCommand())
        {
            insert.CommandText = $"""
                INSERT INTO deployment_containers (id, deployment_id, container_id, image, host, port, status, created_at)
                VALUES (gen_random_uuid(), '{deployment.Id}', 'other', 'x', '{host}', 30000, 'running', now())
                """;
            await insert.ExecuteNonQueryAsync(Token);
        }

        var reservation = PlatformContainers.ReserveAsync(
            new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "site:1", Host = host }, Token);
        await UntilSomeoneWaitsAsync();
        await transaction.CommitAsync(Token);

        Assert.That(
            () => reservation,
            Throws.TypeOf<DuplicateException>()
                .With.Property(nameof(DuplicateException.Constraint)).EqualTo("deployment_containers_host_port_key"));
    }
}
