using AutoStack.Data.Audit;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Audit;

/// <summary>What the triggers record, as <see cref="IAuditLog"/> reads it.</summary>
public sealed class AuditLogTests : AuditTestsBase
{
    [Test]
    public async Task A_change_in_psql_is_recorded_with_its_actor_role_and_columns()
    {
        var user = await AddUserAsync();

        await RawAsync($"{As("ada@staff")} UPDATE users SET name = 'Ada L.' WHERE id = '{user.Id}'; COMMIT");
        await RawAsync($"UPDATE users SET name = 'Ada L.' WHERE id = '{user.Id}'");
        await RawAsync($"UPDATE users SET avatar_url = NULL, name = 'Ada' WHERE id = '{user.Id}'");

        var entries = await NewEntriesAsync("users");
        Assert.That(entries.Select(entry => entry.Action), Is.EqualTo(new[]
        {
            AuditAction.Insert, AuditAction.Update, AuditAction.Update,
        }), "an update that changes nothing is no entry");
        var change = entries[1];
        var role = (string)(await ScalarAsync("SELECT session_user::text"))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That($"{change.Table} {change.RowId} {change.Rows}", Is.EqualTo($"users {user.Id} 1"));
            Assert.That((change.Actor, change.Role), Is.EqualTo(("ada@staff", role)));
            Assert.That(change.Columns.Select(c => $"{c.Name}: {c.Old} > {c.New}"), Is.EqualTo(new[] { "name: Ada > Ada L." }));
            Assert.That(change.At, Is.EqualTo(DateTimeOffset.UtcNow).Within(TimeSpan.FromMinutes(10)));
            Assert.That(change.TransactionId, Is.GreaterThan(entries[0].TransactionId));
            Assert.That((entries[2].Actor, entries[2].Role), Is.EqualTo((role, role)), "without an actor it is the role");
            Assert.That(change.Seq, Is.GreaterThan(entries[0].Seq).And.LessThan(entries[2].Seq));
            Assert.That(change.RowIds, Is.Empty);
        }
    }

    [Test]
    public async Task A_change_of_the_library_has_the_owner_or_the_actor_of_the_host()
    {
        string? acting = null;
        await using var host = new ServiceCollection()
            .AddAutoStackData(options =>
            {
                LibraryConnection.Set(options, Database.ConnectionString);
                options.Actor = () => acting;
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var user = await AddUserAsync();
        var projects = host.GetRequiredService<IProjectRepository>();

        var project = await projects.AddAsync(new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
        acting = "support";
        await projects.UpdateAsync(project.Id, user.Id, new ProjectPatch { Branch = "next" }, expectedVersion: null, Token);

        var entries = await NewEntriesAsync("projects");
        Assert.That(entries.Select(entry => entry.Actor), Is.EqualTo(new[] { user.Id.ToString(), "support" }));
        Assert.That(Describe(entries[1]), Does.StartWith("update projects ").And.Contains("branch=main>next"));
    }

    [Test]
    public async Task A_change_that_is_rolled_back_is_no_entry()
    {
        var user = await AddUserAsync();
        await RawAsync($"BEGIN; UPDATE users SET name = 'x' WHERE id = '{user.Id}'; ROLLBACK");

        Assert.That(await NewEntriesAsync("users"), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_removed_row_is_recorded_with_its_values()
    {
        var user = await AddUserAsync();

        await RawAsync($"DELETE FROM users WHERE id = '{user.Id}'");

        var entry = (await NewEntriesAsync("users"))[^1];
        Assert.That($"{entry.Action} {entry.RowId} {entry.Rows}", Is.EqualTo($"delete {user.Id} 1"));
        Assert.That(Describe(entry), Does.Contain($"email={user.Email}>").And.Not.Contain("avatar_url"), "NULL is left out");
    }

    [Test]
    public async Task Rows_that_one_statement_removes_are_one_entry_and_so_are_those_of_each_cascade()
    {
        var user = await AddUserAsync();
        var deployments = new List<Deployment>();
        for (var i = 0; i < 3; i++)
        {
            var project = await Projects.AddAsync(new NewProject { UserId = user.Id, Name = $"p{i}", Repository = "ada/site" }, Token);
            deployments.Add(await EnqueueAsync(project));
        }

        await RawAsync($"DELETE FROM projects WHERE user_id = '{user.Id}'");
        await RawAsync($"DELETE FROM projects WHERE user_id = '{user.Id}'");

        var removed = (await NewEntriesAsync()).Where(entry => entry.Action == AuditAction.Delete).ToList();
        var projects = removed.Where(entry => entry.Table == "projects").ToList();
        var ids = deployments.Select(deployment => deployment.ProjectId).Order().ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(projects, Has.Count.EqualTo(1), "a statement without a row is no entry");
            Assert.That($"{projects[0].Rows} {projects[0].RowId}", Is.EqualTo("3 "));
            Assert.That(projects[0].RowIds.Order(), Is.EqualTo(ids));
            Assert.That(projects[0].Columns, Is.Empty);
            Assert.That(
                removed.Where(entry => entry.Table == "deployments").Sum(entry => entry.Rows), Is.EqualTo(3), "the cascade is recorded");
            Assert.That(
                (await Log.ListAsync(new AuditFilter { RowId = ids[1] }, Cursor.Start, 10, Token)).Items.Select(entry => entry.Action),
                Is.EqualTo(new[] { AuditAction.Delete, AuditAction.Insert }),
                "a row is found in an entry of several");
        }
    }

    [Test]
    public async Task An_entry_of_many_rows_has_their_number_and_the_first_thousand_ids()
    {
        var deployment = await EnqueueAsync();
        await RawAsync($"""
            INSERT INTO deployment_health_checks (id, deployment_id, url)
            SELECT ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, '{deployment.Id}', 'http://a'
            FROM generate_series(1, 1500) n
            """);
        await RawAsync($"DELETE FROM deployment_health_checks WHERE deployment_id = '{deployment.Id}'");

        var entries = await NewEntriesAsync("deployment_health_checks");
        Assert.That(entries.Select(entry => $"{entry.Action} {entry.Rows} {entry.RowIds.Count}"), Is.EqualTo(new[]
        {
            "insert 1500 1000", "delete 1500 1000",
        }));
        Assert.That(entries[1].RowIds[^1], Is.EqualTo(Guid.Parse("00000000-0000-4000-8000-000000001000")));
    }

    [Test]
    public async Task A_truncated_table_is_an_entry()
    {
        await RawAsync("TRUNCATE password_reset_tokens");

        var entry = (await NewEntriesAsync()).Single();
        Assert.That($"{Describe(entry)} {entry.Rows}{entry.RowId}", Is.EqualTo("truncate password_reset_tokens "));
    }

    [Test]
    public async Task A_purge_of_the_retention_is_recorded()
    {
        var deployment = await EnqueueAsync();
        await RawAsync($"UPDATE deployments SET is_deleted = TRUE, created_at = '2000-01-01' WHERE id = '{deployment.Id}'");
        var before = (await NewEntriesAsync()).Count;

        await Maintenance.PurgeDeletedAsync(Clock.GetUtcNow(), 10, Token);

        Assert.That(
            (await NewEntriesAsync()).Skip(before).Where(entry => entry.Table == "deployments").Select(entry => entry.Action),
            Is.EqualTo(new[] { AuditAction.Delete }));
    }

    [Test]
    public async Task Claims_and_steps_of_a_build_are_no_entries_and_its_end_is()
    {
        var deployment = await EnqueueAsync();
        var claimed = (await Lifecycle.ClaimNextAsync(new ClaimOptions(), Token))!;
        while (claimed.Deployment.Id != deployment.Id)
        {
            claimed = (await Lifecycle.ClaimNextAsync(new ClaimOptions(), Token))!;
        }

        await Lifecycle.AdvanceAsync(claimed.Claim, DeploymentStatus.Building, Token);
        await Lifecycle.RenewAsync(claimed.Claim, TimeSpan.FromMinutes(1), Token);
        await Lifecycle.FailAsync(claimed.Claim, "no space", Token);

        var entries = (await NewEntriesAsync("deployments")).Where(entry => entry.RowId == deployment.Id).ToList();
        Assert.That(entries.Select(entry => entry.Action), Is.EqualTo(new[] { AuditAction.Insert, AuditAction.Update }));
        Assert.That(Describe(entries[1]), Does.Contain("status=building>failed").And.Contains("failed_reason=>no space"));
    }

    [TestCase("status = 'success'", true)]
    [TestCase("status = 'unknown'", true)]
    [TestCase("env_vars = 'x'", true)]
    [TestCase("is_production = NOT is_production", true)]
    [TestCase("status = 'building', started_at = now()", false)]
    [TestCase("queue_place = 7", false)]
    public async Task Only_meaningful_columns_of_a_deployment_make_an_entry(string change, bool isRecorded)
    {
        var deployment = await EnqueueAsync();
        var before = (await NewEntriesAsync("deployments")).Count;

        await RawAsync($"UPDATE deployments SET {change} WHERE id = '{deployment.Id}'");

        Assert.That(await NewEntriesAsync("deployments"), Has.Count.EqualTo(before + (isRecorded ? 1 : 0)));
    }

    [Test]
    public async Task Entries_are_listed_by_row_actor_table_and_time_in_pages()
    {
        var user = await AddUserAsync();
        for (var i = 0; i < 5; i++)
        {
            await RawAsync($"{As($"pages {i % 2}")} UPDATE users SET name = 'n{i}' WHERE id = '{user.Id}'; COMMIT");
        }

        var all = await NewEntriesAsync("users");
        var first = await Log.ListAsync(new AuditFilter { RowId = user.Id }, Cursor.Start, 4, Token);
        var second = await Log.ListAsync(new AuditFilter { RowId = user.Id }, first.Next!.Value, 4, Token);
        var since = await Log.ListAsync(
            new AuditFilter { RowId = user.Id, Since = all[2].At, Until = all[4].At }, Cursor.Start, 10, Token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(first.Items.Concat(second.Items).Select(entry => entry.Seq), Is.EqualTo(all.Select(entry => entry.Seq).Reverse()));
            Assert.That(second.Next, Is.Null);
            Assert.That(
                (await Log.ListAsync(new AuditFilter { Actor = "pages 1" }, Cursor.Start, 10, Token)).Items.Select(entry => entry.Seq),
                Is.EqualTo(new[] { all[4].Seq, all[2].Seq }));
            Assert.That(since.Items.Select(entry => entry.Seq), Is.EqualTo(new[] { all[3].Seq, all[2].Seq }));
            Assert.That(
                (await Log.ListAsync(new AuditFilter { RowId = user.Id, Table = "projects" }, Cursor.Start, 10, Token)).Items, Is.Empty);
            Assert.That(
                () => Log.ListAsync(AuditFilter.All, Cursor.Start, 1001, Token), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    [Test]
    public void Nobody_changes_an_entry_with_statements_not_even_a_superuser()
    {
        foreach (var sql in new[]
        {
            "INSERT INTO autostack_audit.changes (actor, role, table_name, action, changed) VALUES ('a', 'a', 'users', 'insert', '{}')",
            "UPDATE autostack_audit.changes SET actor = 'x'",
            "DELETE FROM autostack_audit.changes",
            "TRUNCATE autostack_audit.changes",
            "TRUNCATE autostack_audit.changes_default",
            "UPDATE autostack_audit.seals SET entries = 0; DELETE FROM autostack_audit.audit_settings",
            "TRUNCATE autostack_audit.seals",
            "DELETE FROM autostack_audit.audit_settings",
        })
        {
            Assert.That(() => RawAsync(sql), Throws.InstanceOf<PostgresException>().With.Message.Contains("cannot be changed"), sql);
        }
    }

    [Test]
    public async Task How_long_entries_are_kept_is_recorded_when_it_changes()
    {
        await RawAsync("UPDATE autostack_audit.audit_settings SET keep = '400 days'");

        Assert.That((await NewEntriesAsync()).Select(Describe), Is.EqualTo(new[] { "update audit_settings keep=>400 days" }));
    }

    [Test]
    public async Task Without_the_feature_the_log_says_how_to_switch_it_on()
    {
        await using var database = await TestServer.Current.CreateDatabaseAsync();
        await using var host = new ServiceCollection()
            .AddAutoStackData(options => LibraryConnection.Set(options, database.ConnectionString))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();

        Assert.That(
            () => host.GetRequiredService<IAuditLog>().ListAsync(AuditFilter.All, Cursor.Start, 1, Token),
            Throws.TypeOf<AuditUnavailableException>().With.Message.EqualTo(
                "The database does not have the feature audit. Switch it on: autostack-db feature enable audit."));
        var status = await host.GetRequiredService<IAuditMaintenance>().MaintainAsync(Token);
        Assert.That((status.IsEnabled, status.DaysAhead, status.Seals), Is.EqualTo((false, (double?)null, (AuditSeals?)null)));
    }

    private static string As(string actor) => $"BEGIN; SELECT set_config('autostack.actor', '{actor}', TRUE);";

    private async Task RawAsync(string sql)
    {
        await using var command = Raw.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }
}
