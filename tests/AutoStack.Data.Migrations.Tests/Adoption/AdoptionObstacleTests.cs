namespace AutoStack.Data.Migrations.Tests.Adoption;

public sealed class AdoptionObstacleTests : AdoptionTestsBase
{
    private static readonly string[] InTheWay =
        ["0010_add_deployment_stages_name_key.sql", "0011_add_deployment_containers_port_key.sql", "0012_add_users_email_key.sql"];

    [Test]
    public async Task Rows_that_violate_a_script_are_listed_before_any_change()
    {
        await MakeAsync(CreateAll, rowsInTheWay: true);

        var plan = await Migrator().PlanAdoptionAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Obstacles.Select(o => o.Before), Is.EqualTo(InTheWay));
            Assert.That(plan.Obstacles.Select(o => o.What), Is.EqualTo(new[]
            {
                "A deployment has two stages of one name (2 cases)",
                "Two containers that are not stopped have the same host and port (1 case)",
                "Accounts have the same address except for case (1 case)",
            }));
            Assert.That(await IdsAsync(plan.Obstacles[0].Query), Is.EquivalentTo(new[]
            {
                "f0000000-0000-4000-8000-000000000005", "f0000000-0000-4000-8000-000000000013",
                "f0000000-0000-4000-8000-000000000011", "f0000000-0000-4000-8000-000000000012",
            }));
            Assert.That(await IdsAsync(plan.Obstacles[1].Query), Is.EquivalentTo(new[]
            {
                "ca000000-0000-4000-8000-000000000002", "ca000000-0000-4000-8000-000000000011",
            }));
            Assert.That(await IdsAsync(plan.Obstacles[2].Query), Is.EquivalentTo(new[]
            {
                "a0000000-0000-4000-8000-000000000001", "a0000000-0000-4000-8000-000000000011",
            }));
        }
    }

    [TestCase(CreateAll)]
    [TestCase(Documented)]
    public async Task The_run_stops_before_such_a_script_and_continues_after_repair(string shape)
    {
        await MakeAsync(shape, rowsInTheWay: true);
        string[] mends = ["", "", "UPDATE users SET email = 'other@example.com' WHERE id = 'a0000000-0000-4000-8000-000000000011'"];
        var readers = await ReadersAsync();
        var rows = await RowsAsync(readers);

        for (var stop = 0; stop < InTheWay.Length; stop++)
        {
            var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().AdoptAsync(cancellationToken: Token))!;

            using (Assert.EnterMultipleScope())
            {
                Assert.That(failure.Error, Is.EqualTo(MigrationError.RowsInTheWay));
                Assert.That(failure.Message, Does.Contain(InTheWay[stop]).And.Contain("HAVING count(*) > 1").And.Contain("public."));
                Assert.That(failure.Result?.ToVersion, Is.EqualTo(9 + stop));
                Assert.That(await AppliedAsync(), Has.Count.EqualTo(9 + stop));
                Assert.That((await Migrator().CheckAsync(Token)).HasDrifted, Is.False, "nothing is half-done");
                Assert.That(await RowsAsync(readers), Is.EqualTo(rows));
            }

            // The rest of the message is a statement that corrects the rows.
            var hint = (await Migrator().PlanAdoptionAsync(cancellationToken: Token)).Obstacles[0].Hint;
            Assert.That(failure.Message, Does.Contain(hint));
            await ExecuteAsync(mends[stop].Length > 0 ? mends[stop] : hint);
            rows = await RowsAsync(readers);
        }

        await Migrator().AdoptAsync(cancellationToken: Token);
        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        Assert.That(await RowsAsync(readers), Is.EqualTo(rows));
    }

    [Test]
    public async Task Rows_inserted_after_the_plan_also_stop_the_run()
    {
        await MakeAsync(CreateAll);
        var recorder = new Support.Recorder(reported =>
        {
            if (reported is StepStarted { FileName: "0009_add_deployments_queue_index.sql" })
            {
                ExecuteAsync("""
                    INSERT INTO deployment_stages (deployment_id, stage_name, status)
                    SELECT deployment_id, upper(stage_name), status FROM deployment_stages
                    """).GetAwaiter().GetResult();
            }
        });

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().AdoptAsync(progress: recorder, cancellationToken: Token))!;

        Assert.That(recorder.Events.OfType<AdoptionPlanned>().Single().Plan.Obstacles, Is.Empty);
        Assert.That((failure.Error, failure.Result?.ToVersion), Is.EqualTo((MigrationError.RowsInTheWay, 9)));
    }

    [Test]
    public async Task Missing_values_stop_the_run_before_the_checks()
    {
        await MakeAsync(Documented);
        await ExecuteAsync("UPDATE deployment_logs SET timestamp = NULL WHERE message = 'line 7'; UPDATE user_preferences SET " +
            "theme = NULL");

        var plan = await Migrator().PlanAdoptionAsync(cancellationToken: Token);
        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().AdoptAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Obstacles.Select(o => (o.Before, o.What)), Is.EqualTo(new[]
            {
                ("0014_add_required_checks.sql", "Rows of deployment_logs lack a required value (1 case)"),
                ("0014_add_required_checks.sql", "Rows of user_preferences lack a required value (1 case)"),
            }));
            Assert.That(await ListAsync(plan.Obstacles[0].Query), Has.Count.EqualTo(1));
            Assert.That(failure.Result?.ToVersion, Is.EqualTo(13));
        }

        await ExecuteAsync("UPDATE deployment_logs SET timestamp = created_at WHERE timestamp IS NULL; UPDATE user_preferences SET theme " +
            "= 'system'");
        Assert.That((await Migrator().AdoptAsync(cancellationToken: Token)).Migration.ToVersion, Is.EqualTo(Head));
    }

    [Test]
    public async Task Invalid_jsonb_stops_the_run_before_the_rewrite()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("""
            UPDATE webhook_payloads
            SET payload_json = '{"half": "\ud83d\u0000"}'
            WHERE id = 'c0000000-0000-4000-8000-000000000002'
            """);

        var plan = await Migrator().PlanAdoptionAsync(cancellationToken: Token);
        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().AdoptAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Obstacles.Select(o => o.Before), Is.EqualTo(new[] { "adopt_webhook_payloads_json.sql" }));
            Assert.That(plan.Obstacles[0].What, Does.Contain("22P02"));
            Assert.That(await ListAsync(plan.Obstacles[0].Query), Has.Member("c0000000-0000-4000-8000-000000000002"));
            Assert.That((failure.Error, failure.Result?.ToVersion), Is.EqualTo((MigrationError.RowsInTheWay, 0)));
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
        }

        await ExecuteAsync("""UPDATE webhook_payloads SET payload_json = '{}' WHERE id = 'c0000000-0000-4000-8000-000000000002'""");
        Assert.That((await Migrator().AdoptAsync(cancellationToken: Token)).Migration.ToVersion, Is.EqualTo(Head));
    }

    private Task<IReadOnlyList<string>> IdsAsync(string query) => ListAsync($"SELECT unnest(ids) FROM ({query}) q");
}
