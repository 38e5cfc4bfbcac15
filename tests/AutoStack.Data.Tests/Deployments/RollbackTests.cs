using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>A rollback queues an earlier commit for the live site.</summary>
public sealed class RollbackTests : DatabaseTests
{
    private ServiceProvider withKey = null!;

    private IDeploymentRepository Queue => withKey.GetRequiredService<IDeploymentRepository>();

    [OneTimeSetUp]
    public void ConfigureKey() => withKey = WithKeys(NewKey("k1"));

    [OneTimeTearDown]
    public void Dispose() => withKey.Dispose();

    [Test]
    public async Task The_last_good_deployment_before_the_live_one_is_built_again()
    {
        var project = await AddProjectAsync();
        await LiveAsync(project, "a");
        var good = await LiveAsync(project, "b", branch: "release");
        await FailedAsync(project, "c");
        await LiveAsync(project, "d", production: false);
        await LiveAsync(project, "e");
        await FailedAsync(project, "f");
        await LiveAsync(project, "g", production: false);

        var rolled = (await Queue.RollbackAsync(project.Id, project.UserId, null, Token))!;

        Assert.That(rolled, Is.EqualTo(good with
        {
            Id = rolled.Id,
            Status = DeploymentStatus.Queued,
            CreatedAt = rolled.CreatedAt,
            StartedAt = null,
            CompletedAt = null,
            BuildDurationSeconds = null,
            DeployedUrl = null,
        }));
        Assert.That(rolled.CreatedAt, Is.GreaterThan(good.CreatedAt));
        Assert.That(
            (await Stages.ListByDeploymentAsync(rolled.Id, project.UserId, Token)).Single().Name, Is.EqualTo(StageName.Queued));
        await ExecuteAsync("UPDATE deployments SET status = 'building' WHERE id = $1", rolled.Id);
        Assert.That(await Lifecycle.SucceedAsync(rolled.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied), "it goes live");
        Assert.That((await Queue.RollbackAsync(project.Id, project.UserId, null, Token))!.CommitHash, Is.EqualTo("e"), "and back");
    }

    [Test]
    public async Task A_live_deployment_that_became_unhealthy_is_not_the_good_one()
    {
        var project = await AddProjectAsync();
        await LiveAsync(project, "a");
        await LiveAsync(project, "b");
        var sick = await LiveAsync(project, "c");
        Assert.That(await Maintenance.ReportUnhealthyAsync(sick.Id, "down", Token), Is.True);

        Assert.That((await Queue.RollbackAsync(project.Id, project.UserId, null, Token))!.CommitHash, Is.EqualTo("b"));
    }

    [Test]
    public async Task A_live_deployment_without_an_address_that_became_unhealthy_is_not_the_good_one()
    {
        var project = await AddProjectAsync();
        await LiveAsync(project, "a", url: null);
        await LiveAsync(project, "b", url: null);
        var sick = await LiveAsync(project, "c", url: null);
        Assert.That(await Maintenance.ReportUnhealthyAsync(sick.Id, "down", Token), Is.True);

        Assert.That((await Queue.RollbackAsync(project.Id, project.UserId, null, Token))!.CommitHash, Is.EqualTo("b"));
    }

    // The live one is the older one, whose build took longer.
    [Test]
    public async Task A_newer_deployment_that_became_unhealthy_before_the_live_one_went_live_does_not_count()
    {
        var project = await AddProjectAsync();
        await LiveAsync(project, "a");
        var slow = await AddAsync(project, "b", production: true, "main");
        var sick = await LiveAsync(project, "c");
        Assert.That(await Maintenance.ReportUnhealthyAsync(sick.Id, "down", Token), Is.True);
        await ExecuteAsync("UPDATE deployments SET status = 'building', started_at = created_at WHERE id = $1", slow);
        Assert.That(await Lifecycle.SucceedAsync(slow, "https://b", Token), Is.EqualTo(TransitionOutcome.Applied));

        Assert.That((await Queue.RollbackAsync(project.Id, project.UserId, null, Token))!.CommitHash, Is.EqualTo("a"));
    }

    // What the Python services deploy after the last success of this library is in no row of live_deployments.
    [Test]
    public async Task A_deployment_of_another_program_that_became_unhealthy_is_not_the_good_one()
    {
        var project = await AddProjectAsync();
        await LiveAsync(project, "a");
        await LiveAsync(project, "b");
        var foreign = await AddAsync(project, "c", production: true, "main");
        await ExecuteAsync(
            """
            UPDATE deployments d
            SET status = 'failed', deployed_url = 'https://c', started_at = created_at, completed_at = (
                SELECT live_at + interval '1 s' FROM live_deployments WHERE project_id = d.project_id)
            WHERE id = $1
            """, foreign);

        Assert.That((await Queue.RollbackAsync(project.Id, project.UserId, null, Token))!.CommitHash, Is.EqualTo("b"));
    }

    [Test]
    public async Task Deleted_deployments_and_those_of_closed_accounts_are_not_returned_to()
    {
        var project = await AddProjectAsync();
        var (first, deleted, _) = (await LiveAsync(project, "a"), await LiveAsync(project, "b"), await LiveAsync(project, "c"));
        await Deployments.SoftDeleteAsync(deleted.Id, project.UserId, Token);

        Assert.That(await ToAsync(new Rollback { DeploymentId = deleted.Id }), Is.Null);
        var rollback = new Rollback { Id = Guid.CreateVersion7() };
        Assert.That((await ToAsync(rollback))!.CommitHash, Is.EqualTo("a"));

        await Users.RemoveAsync(project.UserId, Token);
        Assert.That(await ToAsync(null), Is.Null);
        Assert.That(await ToAsync(new Rollback { DeploymentId = first.Id }), Is.Null);

        var removed = await AddProjectAsync();
        await LiveAsync(removed, "d");
        await LiveAsync(removed, "e");
        await Projects.RemoveAsync(removed.Id, removed.UserId, Token);
        Assert.That(await Queue.RollbackAsync(removed.Id, removed.UserId, null, Token), Is.Null);

        Task<Deployment?> ToAsync(Rollback? to) => Queue.RollbackAsync(project.Id, project.UserId, to, Token);
    }

    // The second one waits for the first one's commit, and finds its row.
    [Test]
    public async Task Two_rollbacks_at_once_with_one_id_are_one_deployment()
    {
        var project = await AddProjectAsync();
        await LiveAsync(project, "a");
        await LiveAsync(project, "b");
        var rollback = new Rollback { Id = Guid.CreateVersion7() };
        var (first, late) = (default(Deployment), default(Task<Deployment?>));
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            first = await tx.Get<IDeploymentRepository>().RollbackAsync(project.Id, project.UserId, rollback, token);
            late = Queue.RollbackAsync(project.Id, project.UserId, rollback, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await late!, Is.EqualTo(first));
    }

    // A second click is a second build of the same commit, not a step further back; the older of the two never replaces the newer.
    [Test]
    public async Task Two_rollbacks_before_either_goes_live_return_to_the_same_deployment()
    {
        var project = await AddProjectAsync();
        await LiveAsync(project, "a");
        await LiveAsync(project, "b");
        await LiveAsync(project, "c");

        var first = (await Queue.RollbackAsync(project.Id, project.UserId, null, Token))!;
        var second = (await Queue.RollbackAsync(project.Id, project.UserId, null, Token))!;

        Assert.That((first.CommitHash, second.CommitHash), Is.EqualTo(("b", "b")));
        await ExecuteAsync("UPDATE deployments SET status = 'building', started_at = created_at WHERE id IN ($1, $2)", first.Id, second.Id);
        Assert.That(await Lifecycle.SucceedAsync(second.Id, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Lifecycle.SucceedAsync(first.Id, null, Token), Is.EqualTo(TransitionOutcome.Superseded));
    }

    [Test]
    public async Task A_chosen_deployment_must_be_a_successful_production_deployment_of_the_project()
    {
        var (project, neighbour) = (await AddProjectAsync(), await AddProjectAsync());
        var (first, _, live) = (await LiveAsync(project, "a"), await LiveAsync(project, "b"), await LiveAsync(project, "c"));
        Guid[] refused =
        [
            (await FailedAsync(project, "x")).Id, (await LiveAsync(project, "y", production: false)).Id,
            (await LiveAsync(neighbour, "z")).Id, Guid.NewGuid(),
        ];

        Assert.That((await ToAsync(first.Id))!.CommitHash, Is.EqualTo("a"));
        Assert.That((await ToAsync(live.Id))!.CommitHash, Is.EqualTo("c"));
        foreach (var id in refused)
        {
            Assert.That(await ToAsync(id), Is.Null);
        }

        Assert.That(await Queue.RollbackAsync(project.Id, neighbour.UserId, null, Token), Is.Null, "of a stranger");
        Assert.That(await Queue.RollbackAsync(neighbour.Id, neighbour.UserId, null, Token), Is.Null, "nothing before the live one");

        Task<Deployment?> ToAsync(Guid id) =>
            Queue.RollbackAsync(project.Id, project.UserId, new Rollback { DeploymentId = id }, Token);
    }

    [Test]
    public async Task The_environment_is_that_of_the_earlier_deployment()
    {
        var project = await AddProjectAsync();
        var environments = withKey.GetRequiredService<IProjectEnvironmentRepository>();
        await environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=1"), Token);
        var good = await LiveAsync(project, "a");
        await environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=2"), Token);
        await LiveAsync(project, "b");

        var rolled = (await Queue.RollbackAsync(project.Id, project.UserId, null, Token))!;

        var ofDeployments = withKey.GetRequiredService<IPlatformDeploymentEnvironmentRepository>();
        Assert.That((await ofDeployments.FindAsync(rolled.Id, Token))!.Reveal(), Is.EqualTo("V=1"));
        Assert.That(
            await ScalarAsync("SELECT count(DISTINCT env_vars) FROM deployments WHERE id IN ($1, $2)", good.Id, rolled.Id),
            Is.EqualTo(2), "encrypted anew, for the row");
        Assert.That(
            () => Deployments.RollbackAsync(project.Id, project.UserId, null, Token), Throws.TypeOf<SecretUnreadableException>(),
            "without a key");
    }

    [Test]
    public async Task A_repeated_rollback_is_one_deployment()
    {
        var project = await AddProjectAsync();
        var (first, live) = (await LiveAsync(project, "a"), await LiveAsync(project, "b"));
        var rollback = new Rollback { Id = Guid.CreateVersion7() };

        var rolled = await Queue.RollbackAsync(project.Id, project.UserId, rollback, Token);

        Assert.That(await Queue.RollbackAsync(project.Id, project.UserId, rollback, Token), Is.EqualTo(rolled));
        Assert.That(
            () => Queue.RollbackAsync(project.Id, project.UserId, rollback with { DeploymentId = first.Id, Id = first.Id }, Token),
            Throws.ArgumentException.With.Message.Contains("rollback.Id"));
        var preview = await LiveAsync(project, "c", production: false);
        Assert.That(
            () => Queue.RollbackAsync(project.Id, project.UserId, rollback with { Id = preview.Id, DeploymentId = live.Id }, Token),
            Throws.TypeOf<DuplicateException>());
    }

    private async Task<Deployment> LiveAsync(
        Project project, string commit, bool production = true, string branch = "main", string? url = "https://site")
    {
        var id = await AddAsync(project, commit, production, branch);
        await ExecuteAsync("UPDATE deployments SET status = 'building', started_at = created_at WHERE id = $1", id);
        Assert.That(await Lifecycle.SucceedAsync(id, url, Token), Is.EqualTo(TransitionOutcome.Applied));
        return (await Deployments.FindAsync(id, project.UserId, Token))!;
    }

    private async Task<Deployment> FailedAsync(Project project, string commit)
    {
        var id = await AddAsync(project, commit, production: true, "main");
        await Lifecycle.FailAsync(id, "broken", Token);
        return (await Deployments.FindAsync(id, project.UserId, Token))!;
    }

    private async Task<Guid> AddAsync(Project project, string commit, bool production, string branch) => (await Queue.EnqueueAsync(
        new NewDeployment
        {
            ProjectId = project.Id,
            UserId = project.UserId,
            IsProduction = production,
            Branch = branch,
            Commit = new CommitInfo(commit, $"Change {commit}", "Ada", Clock.Start),
        }, Token))!.Id;
}
