using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Testing;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.TestServers;

public sealed class TestRowsTests
{
    private TestDatabase database = null!;
    private TestServices services = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task CreateAsync()
    {
        database = await TestServer.Current.CreateDatabaseAsync(Token);
        services = database.CreateServices();
    }

    [OneTimeTearDown]
    public async Task DropAsync()
    {
        await services.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task A_finished_deployment_comes_with_its_user_project_stages_and_lines()
    {
        var (user, project, deployment) = await services.Rows.AddFinishedDeploymentAsync(
            lines: ["npm ci", "done"], cancellationToken: Token);

        var details = await services.Get<IDeploymentRepository>().FindDetailsAsync(deployment.Id, user.Id, 10, Token);
        Assert.Multiple(() =>
        {
            Assert.That((project.UserId, deployment.ProjectId), Is.EqualTo((user.Id, project.Id)));
            Assert.That(deployment.Status, Is.EqualTo(DeploymentStatus.Success));
            Assert.That(deployment.DeployedUrl, Is.EqualTo($"https://{project.Name}.example.com/"));
            Assert.That(deployment.CompletedAt, Is.GreaterThan(deployment.StartedAt!.Value));
            Assert.That(deployment.CompletedAt, Is.EqualTo(TestServices.Start).Within(TimeSpan.FromMinutes(1)));
            Assert.That(details!.Logs.Select(line => line.Message), Is.EqualTo(new[] { "npm ci", "done" }));
            Assert.That(details.Stages, Is.Not.Empty);
        });
    }

    [Test]
    public async Task A_failed_deployment_has_its_reason_and_stays_in_its_project()
    {
        var project = await services.Rows.AddProjectAsync(cancellationToken: Token);

        var first = await services.Rows.AddFinishedDeploymentAsync(project, failure: "npm ci: exit code 1", cancellationToken: Token);
        var second = await services.Rows.AddFinishedDeploymentAsync(project, cancellationToken: Token);

        Assert.Multiple(() =>
        {
            Assert.That(first.Deployment.Status, Is.EqualTo(DeploymentStatus.Failed));
            Assert.That(first.Deployment.FailedReason, Is.EqualTo("npm ci: exit code 1"));
            Assert.That(second.Deployment.ProjectId, Is.EqualTo(project.Id));
            Assert.That(
                () => services.Rows.AddFinishedDeploymentAsync(project, failure: " ", cancellationToken: Token),
                Throws.ArgumentException.With.Property(nameof(ArgumentException.ParamName)).EqualTo("failure"));
        });
    }

    [Test]
    public async Task Waiting_deployments_keep_their_places()
    {
        await using var own = await TestServer.Current.CreateDatabaseAsync(Token);
        await using var other = own.CreateServices();
        var first = await other.Rows.AddDeploymentAsync(cancellationToken: Token);
        var second = await other.Rows.AddDeploymentAsync(cancellationToken: Token);

        await other.Rows.AddFinishedDeploymentAsync(cancellationToken: Token);

        var lifecycle = other.Get<IDeploymentLifecycle>();
        var claims = new[] { await lifecycle.ClaimNextAsync(Token), await lifecycle.ClaimNextAsync(Token) };
        Assert.That(
            claims.Select(claim => (claim!.Deployment.Id, claim.Attempt)), Is.EqualTo(new[] { (first.Id, 1), (second.Id, 1) }));
    }

    [Test]
    public async Task The_clock_of_the_test_decides_about_time()
    {
        var user = await services.Rows.AddUserAsync(Token);
        var sessions = services.Get<ISessionRepository>();
        var issued = await sessions.AddAsync(new NewSession { UserId = user.Id, Lifetime = TimeSpan.FromHours(1) }, Token);
        var before = await sessions.FindActiveAsync(issued.Token, Token);

        services.Clock.Advance(TimeSpan.FromHours(1));

        Assert.That(before!.User.Id, Is.EqualTo(user.Id));
        Assert.That(await sessions.FindActiveAsync(issued.Token, Token), Is.Null);
    }

    [Test]
    public async Task Services_of_the_test_are_added()
    {
        await using var with = database.CreateServices(more => more
            .Configure<AutoStackDataOptions>(options => options.MaxPoolSize = 2)
            .AddSingleton("mine"));

        Assert.That(with.Get<string>(), Is.EqualTo("mine"));
        Assert.That(() => new TestRows(null!), Throws.ArgumentNullException);
    }

    [Test]
    public async Task A_schema_that_is_not_up_to_date_is_described()
    {
        await using var drifted = await TestServer.Current.CreateDatabaseAsync(Token);
        await using var old = await TestServer.Current.CreateEmptyDatabaseAsync(Token);
        await new SchemaMigrator(old.ConnectionString).UpgradeAsync(MigrationTarget.Version(3), cancellationToken: Token);
        await SchemaAssert.AssertSchemaUpToDateAsync(drifted.ConnectionString, cancellationToken: Token);
        await using (var connection = new NpgsqlConnection(drifted.ConnectionString))
        {
            await connection.OpenAsync(Token);
            await using var command = new NpgsqlCommand("ALTER TABLE users DROP COLUMN name", connection);
            await command.ExecuteNonQueryAsync(Token);
        }

        var drift = Assert.ThrowsAsync<SchemaNotUpToDateException>(
            () => SchemaAssert.AssertSchemaUpToDateAsync(drifted.ConnectionString, cancellationToken: Token));
        var pending = Assert.ThrowsAsync<SchemaNotUpToDateException>(
            () => SchemaAssert.AssertSchemaUpToDateAsync(old.ConnectionString, cancellationToken: Token));

        Assert.Multiple(() =>
        {
            Assert.That(drift!.Message, Does.Contain("users").And.Contain("name"));
            Assert.That(drift.Result.HasDrifted, Is.True);
            Assert.That(
                pending!.Message,
                Does.Contain($"version 3 of {SchemaMigrator.Scripts.Count}.\n  {SchemaMigrator.Scripts[3].Name} is not applied."));
            Assert.That(() => SchemaAssert.AssertSchemaUpToDateAsync(null!), Throws.ArgumentNullException);
        });
    }
}
