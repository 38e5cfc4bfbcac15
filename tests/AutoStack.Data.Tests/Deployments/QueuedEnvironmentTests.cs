using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>The environment that a deployment takes along when it is queued.</summary>
public sealed class QueuedEnvironmentTests : DatabaseTests
{
    private ServiceProvider withKey = null!;

    private IDeploymentRepository Queue => withKey.GetRequiredService<IDeploymentRepository>();

    private IProjectEnvironmentRepository Environments => withKey.GetRequiredService<IProjectEnvironmentRepository>();

    [OneTimeSetUp]
    public void ConfigureKey() => withKey = WithKeys(NewKey("k1"));

    [OneTimeTearDown]
    public void Dispose() => withKey.Dispose();

    [Test]
    public async Task A_redeployment_takes_the_environment_that_the_project_has_now()
    {
        var project = await AddProjectAsync("V=1");
        var first = (await Queue.EnqueueAsync(Of(project), Token))!;
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=2"), Token);

        var second = (await Queue.RedeployAsync(first.Id, project.UserId, null, Token))!;

        Assert.That((await EnvironmentAsync(first), await EnvironmentAsync(second)), Is.EqualTo(("V=1", "V=2")));
        Assert.That(await ScalarAsync("SELECT env_vars FROM deployments WHERE id = $1", second.Id), Does.StartWith("enc:v2:k1:"));
    }

    [Test]
    public async Task It_is_left_out_on_request()
    {
        var project = await AddProjectAsync("V=1");
        var first = (await Queue.EnqueueAsync(Of(project) with { WithoutEnvironment = true }, Token))!;
        var second = (await Queue.RedeployAsync(first.Id, project.UserId, new Redeployment { WithoutEnvironment = true }, Token))!;

        Assert.That((await EnvironmentAsync(first), await EnvironmentAsync(second)), Is.EqualTo(((string?)null, (string?)null)));
    }

    [Test]
    public async Task A_repeated_call_returns_the_deployment_of_the_first_with_its_environment()
    {
        var project = await AddProjectAsync("V=1");
        var wanted = Of(project) with { Id = Guid.CreateVersion7() };
        var first = (await Queue.EnqueueAsync(wanted, Token))!;
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=2"), Token);

        Assert.That(await Queue.EnqueueAsync(wanted, Token), Is.EqualTo(first));
        Assert.That(await EnvironmentAsync(first), Is.EqualTo("V=1"));

        var copy = new Redeployment { Id = Guid.CreateVersion7() };
        var second = (await Queue.RedeployAsync(first.Id, project.UserId, copy, Token))!;
        await Environments.ReplaceAsync(project.Id, project.UserId, Secret.From("V=3"), Token);
        Assert.That(await Queue.RedeployAsync(first.Id, project.UserId, copy, Token), Is.EqualTo(second));
        Assert.That(await EnvironmentAsync(second), Is.EqualTo("V=2"));
    }

    [Test]
    public async Task An_environment_that_changes_meanwhile_is_taken_whole()
    {
        var project = await AddProjectAsync("V=0");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var changes = Task.Run(async () =>
        {
            for (var i = 1; !stop.IsCancellationRequested; i++)
            {
                await Environments.ReplaceAsync(project.Id, project.UserId, i % 3 == 0 ? null : Secret.From($"V={i}"), Token);
            }
        });
        var queued = new List<Deployment>();
        for (var i = 0; i < 30; i++)
        {
            queued.Add((await Queue.EnqueueAsync(Of(project), Token))!);
        }

        await stop.CancelAsync();
        await changes;
        foreach (var deployment in queued)
        {
            Assert.That(await EnvironmentAsync(deployment), Is.Null.Or.StartsWith("V="));
        }
    }

    [Test]
    public async Task Without_a_key_nothing_is_queued_for_a_project_with_an_environment()
    {
        var project = await AddProjectAsync("V=1");

        Assert.That(() => Deployments.EnqueueAsync(Of(project), Token), Throws.TypeOf<SecretUnreadableException>());
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployments WHERE project_id = $1", project.Id), Is.Zero);
        Assert.That(await Deployments.EnqueueAsync(Of(project) with { WithoutEnvironment = true }, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_stranger_gets_neither_deployment_nor_environment()
    {
        var (project, stranger) = (await AddProjectAsync("V=1"), await AddUserAsync());
        var deployment = (await Queue.EnqueueAsync(Of(project), Token))!;

        Assert.That(await Queue.EnqueueAsync(Of(project) with { UserId = stranger.Id }, Token), Is.Null);
        Assert.That(await Queue.RedeployAsync(deployment.Id, stranger.Id, null, Token), Is.Null);

        // A row of another writer: a stranger's deployment of somebody else's project, which row security hides.
        await ExecuteAsync("UPDATE deployments SET user_id = $1 WHERE id = $2", stranger.Id, deployment.Id);
        var copy = await Queue.RedeployAsync(deployment.Id, stranger.Id, null, Token);
        Assert.That(copy is null ? null : await ScalarAsync("SELECT env_vars FROM deployments WHERE id = $1", copy.Id), Is.Null);
    }

    private static NewDeployment Of(Project project) => new() { ProjectId = project.Id, UserId = project.UserId };

    private async Task<Project> AddProjectAsync(string? environment)
    {
        var project = await AddProjectAsync();
        await Environments.ReplaceAsync(project.Id, project.UserId, environment is null ? null : Secret.From(environment), Token);
        return project;
    }

    private async Task<string?> EnvironmentAsync(Deployment deployment) =>
        (await withKey.GetRequiredService<IPlatformDeploymentEnvironmentRepository>().FindAsync(deployment.Id, Token))?.Reveal();
}
