using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Projects;

public sealed class EnvironmentRepositoryTests : DatabaseTests
{
    private const string Value = "SELECT env_vars FROM projects WHERE id = $1";
    private const string Version = "SELECT env_vars_version FROM projects WHERE id = $1";

    private ServiceProvider withKey = null!;

    private IProjectEnvironmentRepository Environments => withKey.GetRequiredService<IProjectEnvironmentRepository>();

    private IDeploymentEnvironmentRepository Snapshots => withKey.GetRequiredService<IDeploymentEnvironmentRepository>();

    private IPlatformDeploymentEnvironmentRepository OfWorkers => withKey.GetRequiredService<IPlatformDeploymentEnvironmentRepository>();

    [OneTimeSetUp]
    public void ConfigureKey() => withKey = WithKeys(NewKey("k1"));

    [OneTimeTearDown]
    public void Dispose() => withKey.Dispose();

    [Test]
    public async Task An_environment_is_stored_encrypted_and_read_by_its_owner_only()
    {
        var project = await AddProjectAsync();
        var stranger = await AddUserAsync();

        Assert.That(
            await Environments.ReplaceAsync(project.Id, stranger.Id, Secret.From("x"), Token),
            Is.EqualTo(EnvironmentOutcome.NotFound));
        Assert.That(await Environments.FindAsync(project.Id, project.UserId, Token), Is.Null);
        Assert.That(
            await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("PORT=80"), Token),
            Is.EqualTo(EnvironmentOutcome.Replaced));

        Assert.That((await Environments.FindAsync(project.Id, project.UserId, Token))!.Reveal(), Is.EqualTo("PORT=80"));
        Assert.That(await Environments.FindAsync(project.Id, stranger.Id, Token), Is.Null);
        Assert.That(
            await ScalarAsync("SELECT env_vars FROM projects WHERE id = $1", project.Id),
            Does.StartWith("enc:v2:k1:").And.Not.Contain("PORT"));

        Assert.That(await Environments.ReplaceAsync(project.Id, project.UserId, null, Token), Is.EqualTo(EnvironmentOutcome.Replaced));
        Assert.That(await Environments.FindAsync(project.Id, project.UserId, Token), Is.Null);
    }

    [Test]
    public async Task An_environment_has_a_bound_in_bytes_and_longer_ones_of_other_writers_are_read_and_queued()
    {
        var project = await AddProjectAsync();
        var longest = new string('ä', IProjectEnvironmentRepository.MaxBytes / 2);
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From(longest), Token);
        Assert.That((await Environments.FindAsync(project.Id, project.UserId, Token))!.Reveal(), Is.EqualTo(longest));
        Assert.That(
            () => Environments.ReplaceAsync(project.Id, project.UserId, Secret.From($"{longest}x"), Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("environment")
                .And.Message.Contains("262145").And.Message.Contains("262144").And.Message.Not.Contains("ä"));

        await ExecuteAsync("UPDATE projects SET env_vars = repeat('x', 1000000), env_vars_version = NULL WHERE id = $1", project.Id);
        var deployment = (await withKey.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token))!;
        Assert.That((await Environments.FindAsync(project.Id, project.UserId, Token))!.Reveal(), Has.Length.EqualTo(1_000_000));
        Assert.That((await OfWorkers.FindAsync(deployment.Id, Token))!.Reveal(), Has.Length.EqualTo(1_000_000));
    }

    [Test]
    public async Task A_deployment_keeps_the_environment_that_it_was_queued_with()
    {
        var project = await AddProjectAsync();
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=1"), Token);
        var deployment = (await withKey.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token))!;
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=2"), Token);

        Assert.That(await Snapshots.SnapshotAsync(deployment.Id, deployment.UserId, Token), Is.False, "it has one");
        Assert.That((await OfWorkers.FindAsync(deployment.Id, Token))!.Reveal(), Is.EqualTo("V=1"));
    }

    [Test]
    public async Task A_project_without_environment_has_no_snapshot()
    {
        var deployment = await EnqueueAsync();

        Assert.That(await Snapshots.SnapshotAsync(deployment.Id, deployment.UserId, Token), Is.False);
        Assert.That(await Snapshots.SnapshotAsync(Guid.NewGuid(), deployment.UserId, Token), Is.False);
        Assert.That(await OfWorkers.FindAsync(deployment.Id, Token), Is.Null);
        Assert.That(await OfWorkers.FindAsync(Guid.NewGuid(), Token), Is.Null);
    }

    [TestCase("is_deleted = TRUE")]
    [TestCase("status = 'success'")]
    [TestCase("status = 'failed'")]
    [TestCase("status = 'cancelled'")]
    [TestCase("status = 'Failed'")]
    public async Task An_ended_deployment_gets_no_environment(string over)
    {
        var deployment = await EnqueueAsync();
        await Environments.ReplaceAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        await ExecuteAsync($"UPDATE deployments SET {over} WHERE id = $1", deployment.Id);

        Assert.That(await Snapshots.SnapshotAsync(deployment.Id, deployment.UserId, Token), Is.False);
        Assert.That(await ScalarAsync("SELECT env_vars FROM deployments WHERE id = $1", deployment.Id), Is.Null);
    }

    [Test]
    public async Task A_deployment_ending_concurrently_gets_no_environment()
    {
        var deployment = await EnqueueAsync();
        await Environments.ReplaceAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        Task<bool> snapshot = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IDeploymentRepository>().CancelAsync(deployment.Id, deployment.UserId, null, ct);
            snapshot = Snapshots.SnapshotAsync(deployment.Id, deployment.UserId, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await snapshot, Is.False);
    }

    [Test]
    public async Task The_environment_of_a_deleted_deployment_is_not_read()
    {
        var deployment = await EnqueueAsync();
        await Environments.ReplaceAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        await Snapshots.SnapshotAsync(deployment.Id, deployment.UserId, Token);
        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);

        Assert.That(await OfWorkers.FindAsync(deployment.Id, Token), Is.Null);
    }

    [Test]
    public async Task A_clear_value_is_read_and_its_snapshot_encrypted()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync("UPDATE projects SET env_vars = 'CLEAR=1' WHERE id = $1", deployment.ProjectId);

        Assert.That((await Environments.FindAsync(deployment.ProjectId, deployment.UserId, Token))!.Reveal(), Is.EqualTo("CLEAR=1"));
        Assert.That(await Snapshots.SnapshotAsync(deployment.Id, deployment.UserId, Token), Is.True);
        Assert.That((await OfWorkers.FindAsync(deployment.Id, Token))!.Reveal(), Is.EqualTo("CLEAR=1"));
        Assert.That(await ScalarAsync("SELECT env_vars FROM deployments WHERE id = $1", deployment.Id), Does.StartWith("enc:v2:"));
    }

    [Test]
    public async Task Nothing_is_stored_without_a_key()
    {
        var project = await AddProjectAsync();

        Assert.That(
            () => Get<IProjectEnvironmentRepository>().ReplaceAsync(project.Id, project.UserId, Secret.From("PORT=80"), Token),
            Throws.InvalidOperationException.With.Message.Contains("SecretKeys").And.Message.Not.Contains("PORT"));
    }

    [Test]
    public async Task A_value_moved_to_another_row_cannot_be_decrypted()
    {
        var project = await AddProjectAsync();
        var other = await AddProjectAsync();
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=1"), Token);
        await ExecuteAsync(
            "UPDATE projects SET env_vars = (SELECT env_vars FROM projects WHERE id = $1) WHERE id = $2", project.Id, other.Id);

        Assert.That(() => Environments.FindAsync(other.Id, other.UserId, Token), Throws.TypeOf<SecretUnreadableException>());
    }

    [Test]
    public async Task An_environment_cannot_be_decrypted_for_another_owner()
    {
        var deployment = await EnqueueAsync();
        var thief = await AddUserAsync();
        await Environments.ReplaceAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        await Snapshots.SnapshotAsync(deployment.Id, deployment.UserId, Token);

        await ExecuteAsync("UPDATE projects SET user_id = $1 WHERE id = $2", thief.Id, deployment.ProjectId);
        await ExecuteAsync("UPDATE deployments SET user_id = $1 WHERE id = $2", thief.Id, deployment.Id);

        Assert.That(
            () => Environments.FindAsync(deployment.ProjectId, thief.Id, Token),
            Throws.TypeOf<SecretUnreadableException>());
        Assert.That(() => OfWorkers.FindAsync(deployment.Id, Token), Throws.TypeOf<SecretUnreadableException>());
        var wanted = new NewDeployment { ProjectId = deployment.ProjectId, UserId = thief.Id };
        Assert.That(
            () => withKey.GetRequiredService<IDeploymentRepository>().EnqueueAsync(wanted, Token),
            Throws.TypeOf<SecretUnreadableException>());
        var next = (await Deployments.EnqueueAsync(wanted with { WithoutEnvironment = true }, Token))!;
        Assert.That(() => Snapshots.SnapshotAsync(next.Id, thief.Id, Token), Throws.TypeOf<SecretUnreadableException>());
    }

    [Test]
    public async Task An_environment_cannot_be_decrypted_after_moving_its_deployment()
    {
        var deployment = await EnqueueAsync();
        var other = await AddProjectAsync(deployment.UserId);
        await Environments.ReplaceAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        await Snapshots.SnapshotAsync(deployment.Id, deployment.UserId, Token);

        await ExecuteAsync("UPDATE deployments SET project_id = $1 WHERE id = $2", other.Id, deployment.Id);

        Assert.That(() => OfWorkers.FindAsync(deployment.Id, Token), Throws.TypeOf<SecretUnreadableException>());
    }

    [TestCase("an older value")]
    [TestCase("an older version")]
    [TestCase("no version")]
    public async Task A_restored_older_environment_cannot_be_decrypted(string restored)
    {
        var project = await AddProjectAsync();
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("KEY=leaked"), Token);
        var (value, version) = ((string)(await ScalarAsync(Value, project.Id))!, (Guid)(await ScalarAsync(Version, project.Id))!);
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("KEY=new"), Token);

        await (restored switch
        {
            "an older value" => ExecuteAsync("UPDATE projects SET env_vars = $1 WHERE id = $2", value, project.Id),
            "an older version" => ExecuteAsync("UPDATE projects SET env_vars_version = $1 WHERE id = $2", version, project.Id),
            _ => ExecuteAsync("UPDATE projects SET env_vars_version = NULL WHERE id = $1", project.Id),
        });

        Assert.That(() => Environments.FindAsync(project.Id, project.UserId, Token), Throws.TypeOf<SecretUnreadableException>());
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("KEY=newer"), Token);
        Assert.That(
            (await Environments.FindAsync(project.Id, project.UserId, Token))!.Reveal(),
            Is.EqualTo("KEY=newer"),
            "it can be set anew");
    }

    [Test]
    public async Task An_environment_restored_after_removal_cannot_be_decrypted()
    {
        var project = await AddProjectAsync();
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=1"), Token);
        var value = (string)(await ScalarAsync(Value, project.Id))!;

        await Environments.ReplaceAsync(project.Id, project.UserId, null, Token);
        Assert.That(await ScalarAsync(Version, project.Id), Is.Null);
        await ExecuteAsync("UPDATE projects SET env_vars = $1 WHERE id = $2", value, project.Id);

        Assert.That(() => Environments.FindAsync(project.Id, project.UserId, Token), Throws.TypeOf<SecretUnreadableException>());
    }

    [Test]
    public async Task A_clear_value_of_another_writer_is_read_despite_an_older_version()
    {
        var project = await AddProjectAsync();
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=1"), Token);

        await ExecuteAsync("UPDATE projects SET env_vars = 'V=2' WHERE id = $1", project.Id);

        Assert.That((await Environments.FindAsync(project.Id, project.UserId, Token))!.Reveal(), Is.EqualTo("V=2"));
    }

    [Test]
    public async Task A_process_without_workers_reads_no_environment_of_a_deployment()
    {
        await using var provider = new ServiceCollection().AddAutoStackData(Database.ConnectionString).BuildServiceProvider();

        Assert.That(provider.GetService<IPlatformDeploymentEnvironmentRepository>(), Is.Null);
        Assert.That(provider.GetService<IPlatformGitHubConnectionRepository>(), Is.Null);
        Assert.That(
            () => provider.GetRequiredService<IUnitOfWork>().RunAsync(
                (tx, ct) => tx.Get<IPlatformDeploymentEnvironmentRepository>().FindAsync(Guid.NewGuid(), ct), Token),
            Throws.InvalidOperationException.With.Message.Contains("AddAutoStackDataWorkers"));
    }

    [Test]
    public async Task Only_the_owner_of_deployment_and_project_takes_a_snapshot()
    {
        var deployment = await EnqueueAsync();
        var stranger = await AddUserAsync();
        await Environments.ReplaceAsync(deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);

        Assert.That(await Snapshots.SnapshotAsync(deployment.Id, stranger.Id, Token), Is.False);

        // A row of another writer: a stranger's deployment of somebody else's project.
        await ExecuteAsync("UPDATE deployments SET user_id = $1 WHERE id = $2", stranger.Id, deployment.Id);
        Assert.That(await Snapshots.SnapshotAsync(deployment.Id, stranger.Id, Token), Is.False);
        Assert.That(await Snapshots.SnapshotAsync(deployment.Id, deployment.UserId, Token), Is.False);
        Assert.That(await ScalarAsync("SELECT env_vars FROM deployments WHERE id = $1", deployment.Id), Is.Null);
    }
}
