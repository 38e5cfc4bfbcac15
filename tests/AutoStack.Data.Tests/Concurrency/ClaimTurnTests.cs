using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>Users take turns in the queue, whoever queues and however many.</summary>
public sealed class ClaimTurnTests : DatabaseTests
{
    private const string Inserted =
        """
        INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
        SELECT gen_random_uuid(), $1, $2, 'queued', 'manual', FALSE, $4::text::timestamp + n * interval '1 s', FALSE
        FROM generate_series(1, $3) n
        """;

    // Copies of a project, each with one queued deployment.
    private const string CopiedProjects =
        """
        WITH copy AS (
            INSERT INTO projects
            SELECT c.*
            FROM projects p
            CROSS JOIN generate_series(1, $2) n
            CROSS JOIN LATERAL jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid(), 'name', p.name || '-' || n)) c
            WHERE p.id = $1
            RETURNING id, user_id
        )
        INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
        SELECT gen_random_uuid(), c.id, c.user_id, 'queued', 'manual', FALSE, '2026-01-01', FALSE
        FROM copy c
        """;

    private static readonly ClaimOptions Unlimited = new();

    [SetUp]
    public Task EmptyTheQueueAsync() =>
        ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status NOT IN ('success', 'failed', 'cancelled')");

    [Test]
    public async Task A_newcomer_waits_for_one_deployment_of_a_user_with_200_projects()
    {
        var tenant = await AddUserAsync();
        var project = await AddProjectAsync(tenant.Id);
        await EnqueueAsync(project);
        Assert.That(await ExecuteAsync(CopiedProjects, project.Id, 199), Is.EqualTo(199));

        await ClaimAsync();
        var newcomer = await EnqueueAsync();

        Assert.That(await ClaimUntilAsync(newcomer.Id), Is.LessThanOrEqualTo(2));
    }

    [Test]
    public async Task Concurrent_enqueues_of_a_user_get_different_turns()
    {
        // Few enough to take turns within the quarter of a second that one waits for the others, also on a loaded machine.
        var tenant = await AddUserAsync();
        var projects = new List<Project>();
        for (var i = 0; i < 10; i++)
        {
            projects.Add(await AddProjectAsync(tenant.Id));
        }

        await Task.WhenAll(projects.Select(project => Task.Run(() => EnqueueAsync(project))));
        var newcomer = await EnqueueAsync();

        Assert.That(
            await ScalarAsync("SELECT count(DISTINCT queue_place >> 32) FROM deployments WHERE user_id = $1", tenant.Id), Is.EqualTo(10L));
        Assert.That(await ClaimUntilAsync(newcomer.Id), Is.LessThanOrEqualTo(2));
    }

    [Test]
    public async Task Single_deployments_of_one_user_do_not_starve_a_long_queue()
    {
        var (patient, hasty) = (await AddProjectAsync(), await AddProjectAsync());
        for (var i = 0; i < 10; i++)
        {
            await EnqueueAsync(patient);
        }

        var claimed = new List<Guid>();
        await EnqueueAsync(hasty);
        for (var i = 0; i < 10; i++)
        {
            claimed.Add((await ClaimAsync()).Project.Id);
            if (claimed[^1] == hasty.Id)
            {
                await EnqueueAsync(hasty);
            }
        }

        Assert.That(claimed.Count(id => id == patient.Id), Is.EqualTo(5).Within(1));
    }

    [Test]
    public async Task Rows_of_other_writers_take_turns()
    {
        var busy = await AddProjectAsync();
        await ExecuteAsync(Inserted, busy.Id, busy.UserId, 30, "2020-01-01");
        var other = await AddProjectAsync();
        await ExecuteAsync(Inserted, other.Id, other.UserId, 1, "2099-01-01");

        var claimed = new[] { await ClaimAsync(), await ClaimAsync() };

        Assert.That(
            claimed.Select(job => job.Project.Id), Is.EquivalentTo(new[] { busy.Id, other.Id }), "whatever the clock of who queued them");
    }

    [Test]
    public async Task Production_comes_first_within_a_turn_and_previews_are_not_starved([Values] bool limited)
    {
        var options = limited ? new ClaimOptions { MaxPerProject = 100, MaxPerUser = 100 } : Unlimited;
        var previews = new[] { await EnqueueAsync(), await EnqueueAsync() };
        var first = await EnqueueProductionAsync();

        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(first.Id));

        // What is queued from now on belongs to the next turn.
        var later = new[] { await EnqueueProductionAsync(), await EnqueueProductionAsync() };
        var claimed = new List<Guid>();
        for (var i = 0; i < 4; i++)
        {
            claimed.Add((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id);
        }

        Assert.That(claimed, Is.EqualTo(previews.Concat(later).Select(deployment => deployment.Id)));
    }

    [Test]
    public async Task Production_overtakes_the_previews_of_its_own_user_and_no_production_of_others()
    {
        var (busy, other) = (await AddProjectAsync(), await AddProjectAsync());
        for (var i = 0; i < 20; i++)
        {
            await EnqueueAsync(busy);
        }

        var first = await EnqueueProductionAsync(busy);
        var second = await EnqueueProductionAsync(busy);
        var ofOther = await EnqueueProductionAsync(other);
        var third = await EnqueueProductionAsync(busy);

        var claimed = new List<Guid>();
        for (var i = 0; i < 6; i++)
        {
            claimed.Add((await ClaimAsync()).Deployment.Id);
        }

        // The turns: production of both users and a preview, production and a preview, production and a preview.
        Assert.That(claimed[..2], Is.EqualTo(new[] { first.Id, ofOther.Id }));
        Assert.That((claimed[3], claimed[5]), Is.EqualTo((second.Id, third.Id)));
    }

    // Ids of another program need not follow the time.
    [Test]
    public async Task Within_a_turn_the_order_of_arrival_decides_whatever_the_ids([Values] bool production)
    {
        var (first, second) = (await AddProjectAsync(), await AddProjectAsync());
        var early = await WithIdAsync(first, "ffffffff-ffff-4fff-bfff-ffffffffffff");
        await Task.Delay(5, Token);
        var late = await WithIdAsync(second, "00000000-0000-4000-8000-000000000000");

        Assert.That((await ClaimAsync()).Deployment.Id, Is.EqualTo(early.Id));
        Assert.That((await ClaimAsync()).Deployment.Id, Is.EqualTo(late.Id));

        async Task<Deployment> WithIdAsync(Project project, string id)
        {
            var given = Guid.Parse(production ? id : id.Replace("-4", "-5", StringComparison.Ordinal));
            return (await Deployments.EnqueueAsync(
                new NewDeployment { Id = given, ProjectId = project.Id, UserId = project.UserId, IsProduction = production }, Token))!;
        }
    }

    // More turns than are looked through.
    [Test]
    public async Task Many_production_deployments_of_a_user_keep_their_order()
    {
        var project = await AddProjectAsync();
        var queued = new List<Guid>();
        for (var i = 0; i < 40; i++)
        {
            queued.Add((await EnqueueProductionAsync(project)).Id);
        }

        var claimed = new List<Guid>();
        for (var i = 0; i < 40; i++)
        {
            claimed.Add((await ClaimAsync()).Deployment.Id);
        }

        Assert.That(claimed, Is.EqualTo(queued));
    }

    [Test]
    public async Task A_row_that_is_queued_by_an_update_gets_a_place()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET status = 'draft', queue_place = NULL WHERE id = $1", deployment.Id);
        Assert.That(await Lifecycle.ClaimNextAsync(Token), Is.Null);

        await ExecuteAsync("UPDATE deployments SET status = 'queued' WHERE id = $1", deployment.Id);

        Assert.That((await ClaimAsync()).Deployment.Id, Is.EqualTo(deployment.Id));
    }

    [Test]
    public async Task Cancel_delete_and_redeploy_do_not_change_the_turns_of_others()
    {
        var project = await AddProjectAsync();
        var (cancelled, deleted) = (await EnqueueAsync(project), await EnqueueAsync(project));
        var last = await EnqueueAsync(project);
        await Deployments.CancelAsync(cancelled.Id, project.UserId, null, Token);
        await Deployments.SoftDeleteAsync(deleted.Id, project.UserId, Token);
        var other = await EnqueueAsync();
        var copy = (await Deployments.RedeployAsync(cancelled.Id, project.UserId, null, Token))!;

        var claimed = new[] { await ClaimAsync(), await ClaimAsync(), await ClaimAsync() };

        Assert.That(claimed.Select(job => job.Deployment.Id), Is.EqualTo(new[] { other.Id, last.Id, copy.Id }));
        Assert.That(await Lifecycle.ClaimNextAsync(Token), Is.Null);
    }

    [Test]
    public async Task A_user_without_a_backlog_is_first_in_the_next_turn([Values] bool limited)
    {
        var options = limited ? new ClaimOptions { MaxPerProject = 100, MaxPerUser = 100 } : Unlimited;
        var project = await AddProjectAsync();
        for (var i = 0; i < 5; i++)
        {
            await EnqueueAsync(project);
            await EnqueueAsync(project);
            Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Not.Null);
        }

        var other = await EnqueueAsync();
        var claimed = new[] { await Lifecycle.ClaimNextAsync(options, Token), await Lifecycle.ClaimNextAsync(options, Token) };

        Assert.That(claimed.Select(job => job!.Deployment.Id), Does.Contain(other.Id));
    }

    [Test]
    public async Task A_limited_claim_that_skips_turns_does_not_delay_newcomers()
    {
        // One user's turns are one after the other: the first of the last project has the turn 451.
        var tenant = await AddUserAsync();
        for (var i = 0; i < 10; i++)
        {
            await ExecuteAsync(Inserted, (await AddProjectAsync(tenant.Id)).Id, tenant.Id, 50, "2026-01-01");
        }

        var running = new Queue<Guid>();
        for (var i = 0; i < 10; i++)
        {
            running.Enqueue((await Lifecycle.ClaimNextAsync(PerProject(1), Token))!.Deployment.Id);
        }

        var newcomer = await EnqueueAsync();
        var claims = 0;
        for (var claimed = Guid.Empty; claimed != newcomer.Id; running.Enqueue(claimed))
        {
            Assert.That(++claims, Is.LessThanOrEqualTo(3));
            await Lifecycle.FailAsync(running.Dequeue(), "x", Token);
            await Task.Delay(1100, Token); // Until a claim begins at the beginning of the queue.
            claimed = (await Lifecycle.ClaimNextAsync(PerProject(1), Token))!.Deployment.Id;
        }
    }

    [Test]
    public async Task A_user_after_a_hundred_projects_of_another_is_claimed_soon([Values] bool perUser)
    {
        // One project without room fills the first 64 places; the user with the least id has more projects with room than are looked at.
        var full = await AddProjectAsync();
        await EnqueueAsync(full);
        Assert.That(await Lifecycle.ClaimNextAsync(PerProject(1), Token), Is.Not.Null);
        await ExecuteAsync(Inserted, full.Id, full.UserId, 100, "2026-01-01");
        await ExecuteAsync(
            "UPDATE deployments SET queue_place = 500::bigint << 32 WHERE project_id = $1 AND started_at IS NOT NULL", full.Id);
        var low = Guid.Parse($"00000000-0000-4000-8000-00000000000{(perUser ? 1 : 2)}");
        var many = await Users.AddAsync(new NewUser { Id = low, Name = "A", Email = $"{Unique("low")}@example.com" }, Token);
        var honest = await EnqueueAsync();
        Assert.That(await ExecuteAsync(CopiedProjects, (await AddProjectAsync(many.Id)).Id, 130), Is.EqualTo(130));

        var options = perUser ? new ClaimOptions { MaxPerProject = 1, MaxPerUser = 100 } : PerProject(1);
        var claims = 0;
        for (var claimed = Guid.Empty; claimed != honest.Id;)
        {
            Assert.That(++claims, Is.LessThanOrEqualTo(3));
            await Task.Delay(1100, Token); // Until a claim begins at the beginning of the queue.
            claimed = (await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id;
        }
    }

    [Test]
    public async Task A_deployment_that_another_program_started_is_not_claimed([Values] bool limited)
    {
        var driven = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET started_at = now() WHERE id = $1", driven.Id);
        var options = limited ? PerProject(5) : Unlimited;

        Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Null);

        var waiting = await EnqueueAsync();
        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(waiting.Id));
    }

    [Test]
    public async Task A_deployment_that_another_program_started_counts_toward_the_limits()
    {
        var driven = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET started_at = now() WHERE id = $1", driven.Id);
        await Deployments.EnqueueAsync(new NewDeployment { ProjectId = driven.ProjectId, UserId = driven.UserId }, Token);

        Assert.That(await Lifecycle.ClaimNextAsync(PerProject(1), Token), Is.Null);
        Assert.That(await Lifecycle.ClaimNextAsync(new ClaimOptions { MaxPerUser = 1 }, Token), Is.Null);
        Assert.That(await Lifecycle.ClaimNextAsync(PerProject(2), Token), Is.Not.Null);
    }

    [Test]
    public async Task An_earlier_place_is_claimed_immediately_when_nothing_else_waits([Values] bool limited)
    {
        var options = limited ? PerProject(5) : Unlimited;
        var (first, second) = (await EnqueueAsync(), await EnqueueAsync());
        await Lifecycle.ClaimNextAsync(options, Token);
        await Lifecycle.ClaimNextAsync(options, Token);

        await ExecuteAsync("UPDATE deployments SET status = 'queued', started_at = NULL WHERE id = $1", first.Id);

        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(first.Id));
        Assert.That(second.Id, Is.Not.EqualTo(first.Id));
    }

    [Test]
    public async Task An_earlier_place_is_claimed_within_two_seconds_while_others_wait()
    {
        var first = await EnqueueAsync();
        await ClaimAsync();
        await ExecuteAsync("UPDATE deployments SET status = 'queued', started_at = NULL WHERE id = $1", first.Id);
        var rest = await AddProjectAsync();
        await ExecuteAsync(Inserted, rest.Id, rest.UserId, 2000, "2026-01-01");

        var watch = System.Diagnostics.Stopwatch.StartNew();
        while ((await ClaimAsync()).Deployment.Id != first.Id)
        {
            Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(2)));
            await Task.Delay(20, Token);
        }
    }

    private async Task<Deployment> EnqueueProductionAsync(Project? project = null)
    {
        project ??= await AddProjectAsync();
        return (await Deployments.EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId, IsProduction = true }, Token))!;
    }

    private async Task<ClaimedDeployment> ClaimAsync() => (await Lifecycle.ClaimNextAsync(Token))!;

    private async Task<int> ClaimUntilAsync(Guid id)
    {
        for (var claims = 1; ; claims++)
        {
            if ((await ClaimAsync()).Deployment.Id == id)
            {
                return claims;
            }
        }
    }
}
