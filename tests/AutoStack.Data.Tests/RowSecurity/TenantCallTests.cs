using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>As whom each way to the server runs a statement, and that nothing of it is left for the next one.</summary>
public sealed class TenantCallTests : RowSecurityTests
{
    private Tenant ada = null!;
    private Tenant other = null!;
    private ServiceProvider single = null!;

    [OneTimeSetUp]
    public async Task WatchAsync()
    {
        // Notes as whom deployments are read: policies are not asked for roles that bypass them.
        await ExecuteAsync("""
            CREATE TABLE seen (place bigserial, what text);
            CREATE FUNCTION note() RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER AS $$
            BEGIN
                INSERT INTO public.seen (what)
                VALUES (concat_ws(' ', current_setting('role'), current_setting('autostack.user_id', TRUE),
                    nullif(current_setting('autostack.deployment_id', TRUE), '')));
                RETURN TRUE;
            END $$;
            CREATE POLICY note ON deployments AS RESTRICTIVE USING (note());
            """);
        (ada, other) = (await Tenant.CreateAsync(Plain, Token), await Tenant.CreateAsync(Plain, Token));
        single = HostOf(options => (options.TenantRole, options.MaxPoolSize) = (TenantRole, 1));
    }

    [OneTimeTearDown]
    public ValueTask CloseAsync() => single.DisposeAsync();

    [SetUp]
    public Task ForgetAsync() => ExecuteAsync("TRUNCATE seen");

    [Test]
    public async Task A_single_statement_runs_as_the_tenant_and_the_next_one_of_the_platform_does_not()
    {
        await single.GetRequiredService<IDeploymentRepository>().FindAsync(ada.DeploymentId, ada.Id, Token);
        Assert.That(await SeenAsync(), Is.EqualTo(new[] { $"{TenantRole} {ada.Id}" }));

        await single.GetRequiredService<IDeploymentLifecycle>().FindStatusAsync(ada.DeploymentId, Token);
        Assert.That(await SeenAsync(), Is.Empty);

        await single.GetRequiredService<IDeploymentRepository>().FindAsync(other.DeploymentId, other.Id, Token);
        Assert.That(await SeenAsync(), Is.EqualTo(new[] { $"{TenantRole} {other.Id}" }));
    }

    [Test]
    public async Task A_batch_that_reads_names_the_deployment()
    {
        Assert.That(
            await single.GetRequiredService<IDeploymentRepository>().FindDetailsAsync(ada.DeploymentId, ada.Id, 10, Token), Is.Not.Null);

        Assert.That(await SeenAsync(), Is.EqualTo(new[] { $"{TenantRole} {ada.Id} {ada.DeploymentId}" }));
    }

    [Test]
    public async Task A_batch_that_writes_runs_as_the_tenant()
    {
        var deployment = (await single.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = ada.ProjectId, UserId = ada.Id }, Token))!;
        Assert.That(
            await single.GetRequiredService<IDeploymentRepository>().CancelAsync(deployment.Id, ada.Id, null, Token),
            Is.EqualTo(CancelOutcome.Cancelled));

        Assert.That(await SeenAsync(), Is.EqualTo(new[] { $"{TenantRole} {ada.Id}" }));
    }

    [Test]
    public async Task A_follower_reads_as_the_tenant()
    {
        await foreach (var line in single.GetRequiredService<IDeploymentLogFollower>()
            .FollowAsync(ada.DeploymentId, ada.Id, Cursor.Start, Token))
        {
            Assert.That(line.Message, Is.EqualTo(ada.User.Name));
            break;
        }

        Assert.That(await SeenAsync(), Is.EqualTo(new[] { $"{TenantRole} {ada.Id} {ada.DeploymentId}" }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task A_read_of_a_standby_runs_as_the_tenant(bool after)
    {
        var reads = single.GetRequiredService<IStandbyReads>();
        var token = after
            ? (await single.GetRequiredService<IUnitOfWork>().RunForTokenAsync(
                (all, ct) => all.Get<IUserRepository>().UpdateAsync(
                    ada.Id, new UserPatch { AvatarUrl = $"https://{Guid.NewGuid()}" }, null, ct), Token)).Token
            : ReadToken.None;

        Assert.That(
            await reads.AtLeast(token).Get<IDeploymentRepository>().FindAsync(ada.DeploymentId, ada.Id, Token), Is.Not.Null);
        Assert.That(await SeenAsync(), Is.EqualTo(new[] { $"{TenantRole} {ada.Id}" }));
    }

    [Test]
    public async Task The_calls_of_a_unit_of_work_each_run_as_they_say()
    {
        await single.GetRequiredService<IUnitOfWork>().RunAsync(async (all, ct) =>
        {
            var deployments = all.Get<IDeploymentRepository>();
            Assert.That(await deployments.FindAsync(ada.DeploymentId, ada.Id, ct), Is.Not.Null);
            Assert.That(await deployments.FindAsync(other.DeploymentId, other.Id, ct), Is.Not.Null);
            Assert.That(await all.Get<IDeploymentLifecycle>().FindStatusAsync(ada.DeploymentId, ct), Is.Not.Null);

            // COPY is refused under row security.
            await all.Get<IPlatformDeploymentLogRepository>().AppendAsync(
                ada.DeploymentId, [.. Enumerable.Range(0, 6_000).Select(n => new NewDeploymentLog { Message = $"{n}" })], ct);
            Assert.That(await deployments.FindAsync(ada.DeploymentId, ada.Id, ct), Is.Not.Null);
        }, Token);

        Assert.That(
            await SeenAsync(),
            Is.EqualTo(new[] { $"{TenantRole} {ada.Id}", $"{TenantRole} {other.Id}", $"{TenantRole} {ada.Id}" }));
        var users = await single.GetRequiredService<IPlatformUserRepository>().ListAsync(Cursor.Start, 10, Token);
        Assert.That(users.Items, Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_call_that_was_cancelled_before_it_was_sent_does_not_count_as_sent()
    {
        await single.GetRequiredService<IUnitOfWork>().RunAsync(async (all, ct) =>
        {
            var deployments = all.Get<IDeploymentRepository>();
            Assert.That(
                () => deployments.FindAsync(ada.DeploymentId, ada.Id, new CancellationToken(canceled: true)),
                Throws.InstanceOf<OperationCanceledException>());
            Assert.That(await deployments.FindAsync(ada.DeploymentId, ada.Id, ct), Is.Not.Null);
        }, Token);

        Assert.That(await SeenAsync(), Is.EqualTo(new[] { $"{TenantRole} {ada.Id}" }));
    }

    [Test]
    public async Task Another_tenants_row_is_neither_taken_nor_told_apart_from_none()
    {
        var projects = Guarded.GetRequiredService<IProjectRepository>();

        Assert.That(
            () => projects.AddAsync(
                new NewProject { Id = other.ProjectId, UserId = ada.Id, Name = "site", Repository = "ada/site" }, Token),
            Throws.TypeOf<DuplicateException>());
        Assert.That(await projects.FindAsync(other.ProjectId, ada.Id, Token), Is.Null);
        Assert.That(await Guarded.GetRequiredService<IDeploymentRepository>().FindAsync(Guid.NewGuid(), ada.Id, Token), Is.Null);
    }

    [Test]
    public void A_statement_is_of_its_owner_or_of_the_platform()
    {
        var settings = new Data.Postgres.TransactionSettings(actor: null, new Data.Postgres.TenantAccess(TenantRole, key: null));

        Assert.That(Of(Data.Postgres.P.Of(ada.Id, "ownerId"))?.Role, Is.EqualTo(TenantRole));
        Assert.That(Of(Data.Postgres.P.Owner(ada.Id))?.User, Is.EqualTo($"{ada.Id}"));
        Assert.That(Of(Data.Postgres.P.Of(ada.Id, "userId")), Is.Null);

        Data.Postgres.TransactionValues? Of(Npgsql.NpgsqlParameter parameter) =>
            settings.Of([new Data.Postgres.Statement("SELECT 1"), new("SELECT 1", parameter)], Data.Postgres.Access.Read);
    }

    // As whom deployments were read, without repetitions in a row: a policy may be asked for several rows of a statement.
    private async Task<IReadOnlyList<string>> SeenAsync()
    {
        var seen = (string[])(await ScalarAsync("""
            WITH gone AS (DELETE FROM seen RETURNING *)
            SELECT coalesce(array_agg(what ORDER BY place), '{}') FROM gone
            """))!;
        return [.. seen.Where((what, i) => i == 0 || seen[i - 1] != what)];
    }
}
