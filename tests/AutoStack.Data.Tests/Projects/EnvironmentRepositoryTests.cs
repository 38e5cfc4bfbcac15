using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Security;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Projects;

public sealed class EnvironmentRepositoryTests : DatabaseTests
{
    private ServiceProvider withKey = null!;

    private IEnvironmentRepository Environments => withKey.GetRequiredService<IEnvironmentRepository>();

    [OneTimeSetUp]
    public void ConfigureKey() => withKey = WithKeys(NewKey("k1"));

    [OneTimeTearDown]
    public void Dispose() => withKey.Dispose();

    [Test]
    public async Task An_environment_is_stored_encrypted_and_read_by_its_owner_only()
    {
        var project = await AddProjectAsync();
        var stranger = await AddUserAsync();

        Assert.That(await Environments.SetOfProjectAsync(project.Id, stranger.Id, Secret.From("x"), Token), Is.False);
        Assert.That(await Environments.FindOfProjectAsync(project.Id, project.UserId, Token), Is.Null);
        Assert.That(await Environments.SetOfProjectAsync(project.Id, project.UserId, Secret.From("PORT=80"), Token), Is.True);

        Assert.That((await Environments.FindOfProjectAsync(project.Id, project.UserId, Token))!.Reveal(), Is.EqualTo("PORT=80"));
        Assert.That(await Environments.FindOfProjectAsync(project.Id, stranger.Id, Token), Is.Null);
        Assert.That(await ScalarAsync("SELECT env_vars FROM projects WHERE id = $1", project.Id), Does.StartWith("enc:v1:k1:").And.Not.Contain("PORT"));

        Assert.That(await Environments.SetOfProjectAsync(project.Id, project.UserId, null, Token), Is.True);
        Assert.That(await Environments.FindOfProjectAsync(project.Id, project.UserId, Token), Is.Null);
    }

    [Test]
    public async Task A_deployment_keeps_the_environment_that_it_was_queued_with()
    {
        var project = await AddProjectAsync();
        await Environments.SetOfProjectAsync(project.Id, project.UserId, Secret.From("V=1"), Token);
        var deployment = await withKey.GetRequiredService<IUnitOfWork>().RunAsync(async (tx, ct) =>
        {
            var queued = (await tx.Get<IDeploymentRepository>().EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, ct))!;
            Assert.That(await tx.Get<IEnvironmentRepository>().SnapshotAsync(queued.Id, ct), Is.True);
            return queued;
        }, Token);
        await Environments.SetOfProjectAsync(project.Id, project.UserId, Secret.From("V=2"), Token);

        Assert.That(await Environments.SnapshotAsync(deployment.Id, Token), Is.False, "it has one");
        Assert.That((await Environments.FindOfDeploymentAsync(deployment.Id, Token))!.Reveal(), Is.EqualTo("V=1"));
    }

    [Test]
    public async Task A_snapshot_of_nothing_is_nothing()
    {
        var deployment = await EnqueueAsync();

        Assert.That(await Environments.SnapshotAsync(deployment.Id, Token), Is.False);
        Assert.That(await Environments.SnapshotAsync(Guid.NewGuid(), Token), Is.False);
        Assert.That(await Environments.FindOfDeploymentAsync(deployment.Id, Token), Is.Null);
        Assert.That(await Environments.FindOfDeploymentAsync(Guid.NewGuid(), Token), Is.Null);
    }

    [TestCase("is_deleted = TRUE")]
    [TestCase("status = 'success'")]
    [TestCase("status = 'failed'")]
    [TestCase("status = 'cancelled'")]
    public async Task A_deployment_that_is_over_is_given_no_environment(string over)
    {
        var deployment = await EnqueueAsync();
        await Environments.SetOfProjectAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        await ExecuteAsync($"UPDATE deployments SET {over} WHERE id = $1", deployment.Id);

        Assert.That(await Environments.SnapshotAsync(deployment.Id, Token), Is.False);
        Assert.That(await ScalarAsync("SELECT env_vars FROM deployments WHERE id = $1", deployment.Id), Is.Null);
    }

    [Test]
    public async Task A_deployment_that_ends_at_this_moment_is_given_no_environment()
    {
        var deployment = await EnqueueAsync();
        await Environments.SetOfProjectAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        Task<bool> snapshot = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IDeploymentRepository>().CancelAsync(deployment.Id, deployment.UserId, null, ct);
            snapshot = Environments.SnapshotAsync(deployment.Id, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await snapshot, Is.False);
    }

    [Test]
    public async Task The_environment_of_a_deleted_deployment_is_not_read()
    {
        var deployment = await EnqueueAsync();
        await Environments.SetOfProjectAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        await Environments.SnapshotAsync(deployment.Id, Token);
        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);

        Assert.That(await Environments.FindOfDeploymentAsync(deployment.Id, Token), Is.Null);
    }

    [Test]
    public async Task What_was_stored_in_clear_is_read_and_a_snapshot_of_it_is_encrypted()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync("UPDATE projects SET env_vars = 'CLEAR=1' WHERE id = $1", deployment.ProjectId);

        Assert.That((await Environments.FindOfProjectAsync(deployment.ProjectId, deployment.UserId, Token))!.Reveal(), Is.EqualTo("CLEAR=1"));
        Assert.That(await Environments.SnapshotAsync(deployment.Id, Token), Is.True);
        Assert.That((await Environments.FindOfDeploymentAsync(deployment.Id, Token))!.Reveal(), Is.EqualTo("CLEAR=1"));
        Assert.That(await ScalarAsync("SELECT env_vars FROM deployments WHERE id = $1", deployment.Id), Does.StartWith("enc:v1:"));
    }

    [Test]
    public async Task Without_a_key_nothing_is_stored()
    {
        var project = await AddProjectAsync();

        Assert.That(
            () => Get<IEnvironmentRepository>().SetOfProjectAsync(project.Id, project.UserId, Secret.From("PORT=80"), Token),
            Throws.InvalidOperationException.With.Message.Contains("SecretKeys").And.Message.Not.Contains("PORT"));
    }

    [Test]
    public async Task A_value_moved_to_another_row_does_not_open()
    {
        var project = await AddProjectAsync();
        var other = await AddProjectAsync();
        await Environments.SetOfProjectAsync(project.Id, project.UserId, Secret.From("V=1"), Token);
        await ExecuteAsync("UPDATE projects SET env_vars = (SELECT env_vars FROM projects WHERE id = $1) WHERE id = $2", project.Id, other.Id);

        Assert.That(() => Environments.FindOfProjectAsync(other.Id, other.UserId, Token), Throws.TypeOf<SecretUnreadableException>());
    }
}
