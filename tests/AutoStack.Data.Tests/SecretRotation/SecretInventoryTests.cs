using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.SecretRotation;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.SecretRotation;

/// <summary>Which keys are stored where, and which values do not open.</summary>
public sealed class SecretInventoryTests : DatabaseTests
{
    private const string Environments = "projects.env_vars";

    [SetUp]
    public Task EmptyAsync() => ExecuteAsync("TRUNCATE users CASCADE");

    [Test]
    public async Task Values_are_counted_by_column_form_and_key_without_any_key()
    {
        var (old, current) = (NewKey("old"), NewKey("current"));
        for (var i = 0; i < 3; i++)
        {
            await StoreAsync(i == 0 ? current : old, withTokens: true);
        }

        var (clear, first) = (await AddProjectAsync(), await AddProjectAsync());
        await ExecuteAsync("UPDATE projects SET env_vars = 'enc:LD_PRELOAD=x' WHERE id = $1", clear.Id);
        await ExecuteAsync(
            "UPDATE projects SET env_vars = $1 WHERE id = $2", FirstForm.Protect(old, "V", Environments, first.Id), first.Id);
        await AddSessionAsync(clear.UserId, isClear: true);
        await AddSessionAsync(clear.UserId, isClear: false);
        var progress = new Recorder();

        var counts = await Get<ISecretRotation>().CountAsync(2, progress, Token);

        Assert.That(counts, Is.EqualTo(new[]
        {
            new SecretCount("github_connections.github_access_token", SecretForm.Encrypted, "current", 1),
            new SecretCount("github_connections.github_access_token", SecretForm.Encrypted, "old", 2),
            new SecretCount("github_connections.github_refresh_token", SecretForm.Encrypted, "current", 1),
            new SecretCount("github_connections.github_refresh_token", SecretForm.Encrypted, "old", 2),
            new SecretCount(Environments, SecretForm.Encrypted, "current", 1),
            new SecretCount(Environments, SecretForm.Encrypted, "old", 2),
            new SecretCount(Environments, SecretForm.FirstForm, "old", 1),
            new SecretCount(Environments, SecretForm.Clear, null, 1),
            new SecretCount("deployments.env_vars", SecretForm.Encrypted, "current", 1),
            new SecretCount("deployments.env_vars", SecretForm.Encrypted, "old", 2),
            new SecretCount("sessions.token", SecretForm.Clear, null, 1),
            new SecretCount("sessions.token", SecretForm.Hashed, null, 1),
        }));

        // Five projects in windows of two.
        Assert.That(
            progress.Values.Where(value => value.Column == Environments).Select(value => (value.Rows, value.Values)),
            Is.EqualTo(new[] { (2L, 2L), (4L, 4L), (6L, 5L) }));
        Assert.That(await Get<ISecretRotation>().CountAsync(1000, null, Token), Is.EqualTo(counts), "whatever the windows");
    }

    [Test]
    public async Task Values_that_do_not_open_are_found_with_their_rows_and_reasons()
    {
        var (old, current) = (NewKey("old"), NewKey("current"));
        var good = await StoreAsync(current);
        var foreign = await StoreAsync(old);
        var (moved, lost) = (await StoreAsync(current), await StoreAsync(current));
        var (clear, unknown) = (await AddProjectAsync(), await AddProjectAsync());
        await ExecuteAsync(
            """
            UPDATE projects p SET env_vars = g.env_vars, env_vars_version = g.env_vars_version
            FROM projects g WHERE p.id = $1 AND g.id = $2
            """, moved, good);
        await ExecuteAsync("UPDATE projects SET env_vars_version = NULL WHERE id = $1", lost);
        await ExecuteAsync("UPDATE projects SET env_vars = 'V=1' WHERE id = $1", clear.Id);
        await ExecuteAsync("UPDATE projects SET env_vars = 'enc:v9:current:xyz' WHERE id = $1", unknown.Id);
        await using var lenient = WithKeys(current);
        await using var strict = Strict(current);

        (Guid, string?, UnreadableReason)[] expected =
        [
            (foreign, "old", UnreadableReason.KeyMissing), (moved, "current", UnreadableReason.Changed),
            (lost, "current", UnreadableReason.WithoutVersion), (unknown.Id, "current", UnreadableReason.UnknownForm),
        ];
        Assert.That(await UnreadableAsync(lenient), Is.EquivalentTo(expected));
        Assert.That(await UnreadableAsync(strict), Is.EquivalentTo(expected.Append((clear.Id, null, UnreadableReason.NotAccepted))));
    }

    [Test]
    public async Task A_text_in_the_place_of_a_key_is_shown_only_when_it_has_the_form_of_an_id()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync("UPDATE projects SET env_vars = 'enc:v2:DB_PASSWORD=hunter2 # ada:x' WHERE id = $1", project.Id);
        await using var host = WithKeys(NewKey("current"));

        Assert.That(await UnreadableAsync(host), Is.EqualTo(new[] { (project.Id, (string?)null, UnreadableReason.UnknownForm) }));
    }

    [Test]
    public async Task Columns_that_are_left_out_are_neither_counted_nor_opened()
    {
        await StoreAsync(NewKey("old"));
        var rotator = (SecretRotator)Get<ISecretRotation>();

        var counts = await rotator.Without([Environments, "sessions.token"]).CountAsync(2, progress: null, Token);
        var unreadable = 0;
        await foreach (var _ in rotator.Without([Environments]).FindUnreadableAsync(2, progress: null, Token))
        {
            unreadable++;
        }

        Assert.That((counts.Count, unreadable), Is.EqualTo((0, 0)));
        Assert.That(await rotator.ListHiddenAsync(Token), Is.Empty);
    }

    [Test]
    public async Task A_rotation_reports_its_progress_by_column()
    {
        var (old, current) = (NewKey("old"), NewKey("current"));
        for (var i = 0; i < 3; i++)
        {
            await StoreAsync(old);
        }

        await using var host = WithKeys(current, old);
        var progress = new Recorder();
        var results = await host.GetRequiredService<ISecretRotation>().RunAsync(2, progress, Token);

        Assert.That(results.Single(result => result.Column == Environments).Rotated, Is.EqualTo(3));
        Assert.That(
            progress.Values.Where(value => value.Column == Environments).Select(value => (value.Rows, value.Values)),
            Is.EqualTo(new[] { (2L, 2L), (4L, 3L) }));
    }

    private static async Task<List<(Guid, string?, UnreadableReason)>> UnreadableAsync(IServiceProvider host)
    {
        var found = new List<(Guid, string?, UnreadableReason)>();
        await foreach (var value in host.GetRequiredService<ISecretRotation>().FindUnreadableAsync(2, null, Token))
        {
            if (value.Column == Environments)
            {
                found.Add((value.RowId, value.KeyId, value.Reason));
            }
        }

        return found;
    }

    // A project with an environment, a deployment with its copy, and a connection with two tokens.
    private async Task<Guid> StoreAsync(SecretKey key, bool withTokens = false)
    {
        await using var host = WithKeys(key);
        var deployment = await EnqueueAsync();
        await host.GetRequiredService<IProjectEnvironmentRepository>().ReplaceAsync(
            deployment.ProjectId, deployment.UserId, Secret.From("V=1"), Token);
        if (withTokens)
        {
            await host.GetRequiredService<IDeploymentEnvironmentRepository>().SnapshotAsync(deployment.Id, deployment.UserId, Token);
            await host.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(
                deployment.UserId, new GitHubTokens { AccessToken = Secret.From("gho"), RefreshToken = Secret.From("ghr") }, Token);
        }

        return deployment.ProjectId;
    }

    private async Task AddSessionAsync(Guid userId, bool isClear)
    {
        var (session, _) = await Sessions.AddAsync(new NewSession { UserId = userId }, Token);
        if (isClear)
        {
            await ExecuteAsync("UPDATE sessions SET token = $1 WHERE id = $2", Guid.NewGuid().ToString(), session.Id);
        }
    }

    private ServiceProvider Strict(SecretKey key) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            options.SecretKeys.Add(key);
            options.AcceptClearSecrets = false;
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    private sealed class Recorder : IProgress<SecretProgress>
    {
        public List<SecretProgress> Values { get; } = [];

        public void Report(SecretProgress value) => Values.Add(value);
    }
}
