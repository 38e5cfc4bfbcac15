using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AutoStack.Data.Tests.Access;

/// <summary>The feature row-security among the roles of <c>scripts/roles.sql</c>.</summary>
public sealed class RowSecurityRightsTests
{
    private const string Guarded = "SET autostack.row_security = 'on'; ";

    private RolesDatabase database = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public async Task CreateAsync()
    {
        database = await RolesDatabase.CreateAsync(TestServer.Current);
        await database.UpgradeAsync();
    }

    [TearDown]
    public async Task DropAsync() => await database.DisposeAsync();

    [Test]
    public async Task An_owner_that_would_see_no_row_of_its_own_tables_is_refused()
    {
        var refused = Assert.ThrowsAsync<MigrationException>(EnableAsync)!;

        Assert.That(refused.Message, Does.Contain("does not bypass row security").And.Contain("autostack.row_security"));
        Assert.That(await database.ListAsync("SELECT relname FROM pg_class WHERE relrowsecurity"), Is.Empty);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task The_library_works_as_the_roles_of_the_script(bool afterNextRun)
    {
        await database.RunScriptAsync(Guarded);
        await EnableAsync();
        if (afterNextRun)
        {
            await database.RunScriptAsync();
        }

        await using var host = HostOf(options => options.TenantRole = $"{database.Prefix}_tenant");
        await StartAsync(host);
        var user = await host.GetRequiredService<IUserRepository>().AddAsync(
            new NewUser { Name = "Ada", Email = "ada@example.com" }, Token);
        var project = await host.GetRequiredService<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
        var deployments = host.GetRequiredService<IDeploymentRepository>();
        var deployment = (await deployments.EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = user.Id }, Token))!;
        Assert.That((await host.GetRequiredService<IDeploymentLifecycle>().ClaimNextAsync(new ClaimOptions(), Token))?.Deployment.Id,
            Is.EqualTo(deployment.Id));
        await host.GetRequiredService<IPlatformDeploymentLogRepository>().AppendAsync(
            deployment.Id, [.. Enumerable.Range(0, 6_000).Select(n => new NewDeploymentLog { Message = $"{n}" })], Token);
        Assert.That(await deployments.CancelAsync(deployment.Id, user.Id, null, Token), Is.Not.EqualTo(CancelOutcome.NotFound));
        Assert.That((await deployments.FindDetailsAsync(deployment.Id, user.Id, 10, Token))!.Logs, Has.Count.EqualTo(10));
        Assert.That(await deployments.FindDetailsAsync(deployment.Id, Guid.NewGuid(), 10, Token), Is.Null);
        Assert.That(await database.ListAsync("readonly", "SELECT name FROM projects"), Is.EqualTo(new[] { "site" }));
    }

    [Test]
    public async Task A_host_does_not_start_where_the_tenant_role_would_not_work_or_the_services_would_see_nothing()
    {
        var role = $"{database.Prefix}_tenant";
        await RefusedAsync(role, "does not have the feature row-security");

        await database.RunScriptAsync(Guarded);
        await EnableAsync();
        await RefusedAsync("autostack_nobody", "the server has no such role");
        await RefusedAsync($"{database.Prefix}_owner", "is no member of");
        await RefusedAsync(role, "IdentityKey is set, and the database does not have", key: true);
        await RefusedAsync(role, problem: null);
        await RefusedAsync(role: null, problem: null);

        await database.AsSuperuserAsync($"ALTER ROLE {database.Role("tenant")} BYPASSRLS");
        await RefusedAsync(role, "bypasses row security");
        await database.AsSuperuserAsync(
            $"ALTER ROLE {database.Role("tenant")} NOBYPASSRLS; ALTER ROLE {database.Role("app")} NOBYPASSRLS");
        await RefusedAsync(role, "is subject to row security");
        await RefusedAsync(role: null, "is subject to row security");
        await database.RunScriptAsync();
        await new SchemaMigrator(database.As("migrator")).UpgradeAsync(
            MigrationTarget.Head.In("signed-identity"), cancellationToken: Token);
        await RefusedAsync(role, "has the feature signed-identity");
        await RefusedAsync(role, "does not accept identities that are signed with AutoStackDataOptions.IdentityKey", key: true);
        await database.AsSuperuserAsync($"SELECT row_security_add_key('first', '{Convert.ToBase64String(new byte[32])}')");
        await RefusedAsync(role, problem: null, key: true);
    }

    [Test]
    public async Task The_feature_is_disabled_with_all_rights_of_the_tenant()
    {
        await database.RunScriptAsync(Guarded);
        await EnableAsync();

        await new SchemaMigrator(database.As("migrator")).DowngradeAsync(
            MigrationTarget.Base.In("row-security"), cancellationToken: Token);

        Assert.That(await database.ListAsync($"""
            SELECT table_name FROM information_schema.role_table_grants WHERE grantee = '{database.Prefix}_tenant'
            UNION ALL SELECT table_name FROM information_schema.role_column_grants WHERE grantee = '{database.Prefix}_tenant'
            UNION ALL SELECT c.relname FROM pg_class c WHERE c.relrowsecurity OR c.relforcerowsecurity
            UNION ALL SELECT p.polname FROM pg_policy p
            """), Is.Empty);
    }

    private Task<MigrationResult> EnableAsync() => new SchemaMigrator(database.As("migrator")).UpgradeAsync(
        MigrationTarget.Head.In("row-security"), cancellationToken: Token);

    private async Task RefusedAsync(string? role, string? problem, bool key = false)
    {
        await using var host = HostOf(options =>
        {
            options.TenantRole = role;
            options.IdentityKey = key ? Convert.ToBase64String(new byte[32]) : null;
        });
        if (problem is null)
        {
            Assert.That(() => StartAsync(host), Throws.Nothing);
        }
        else
        {
            Assert.That(() => StartAsync(host), Throws.InvalidOperationException.With.Message.Contains(problem));
        }
    }

    private static async Task StartAsync(ServiceProvider host)
    {
        foreach (var service in host.GetServices<IHostedService>())
        {
            await service.StartAsync(Token);
        }
    }

    private ServiceProvider HostOf(Action<AutoStackDataOptions> configure) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            (options.ConnectionString, options.MinPoolSize) = (database.As("app"), 0);
            configure(options);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
