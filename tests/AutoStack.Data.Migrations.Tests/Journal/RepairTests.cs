using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Journal;

/// <summary>The repair of the journal of the core, whose objects show what ran.</summary>
public sealed class RepairTests : MigrationTests
{
    private const string Index = "0008_add_deployments_project_index";

    [Test]
    public async Task A_gap_whose_objects_exist_is_recorded_and_kept_in_the_history()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version IN (5, 38)");
        var stopped = await RunAsync("upgrade");

        var dry = await RunAsync("repair", "--dry-run");
        var between = await AppliedAsync();
        var run = await RunAsync("repair", "--yes", "--reason", "lost in a restore");
        var again = await RunAsync("repair", "--yes");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(stopped.Error, Does.Contain("autostack-db repair --dry-run. Mend the journal: autostack-db repair."));
            Assert.That((dry.Code, between.Count), Is.EqualTo((0, Head - 2)));
            Assert.That(dry.Output, Does.Contain("2 faults would be mended. Nothing was changed."));
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain("0005_add_deployment_logs_seq_key is missing in the journal, which has later versions.")
                .And.Contain("Records the script as applied: the database has its objects.").And.Contain("2 faults mended."));
            Assert.That(again.Output.Trim(),
                Is.EqualTo("The journal has no fault. Whether the database is what it says: autostack-db check."));
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
            Assert.That((await Migrator().ReadHistoryAsync(Token)).Versions.Where(v => v.IsStamped).Select(v => v.Version),
                Is.EqualTo(new[] { 5, 38 }));
            Assert.That((await Migrator().ReadJournalChangesAsync(Token)).Select(c => (c.Version, c.Kind, c.OldRow is null, c.Reason)),
                Is.EqualTo(new[]
                {
                    (5, JournalChangeKind.Repaired, true, "lost in a restore"), (38, JournalChangeKind.Repaired, true, "lost in a restore"),
                }));
        }
    }

    [Test]
    public async Task A_gap_whose_objects_are_missing_is_left_until_its_script_is_to_run()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 8; DROP INDEX deployments_project_id_created_at_id_idx;");
        var name = (await Migrator().ReadHistoryAsync(Token)).Versions[7].Name;

        var left = await RunAsync("repair", "--yes");
        var applied = await AppliedAsync();
        var dry = await RunAsync("repair", "--dry-run", "--run", name);
        var run = await RunAsync("repair", "--yes", "--run", name, "--reason", "lost in a restore");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((await Migrator().ReadJournalChangesAsync(Token)).Select(c => (c.Version, c.Kind, c.OldRow, c.Reason)),
                Is.EqualTo(new[] { (8, JournalChangeKind.Repaired, (string?)null, "lost in a restore") }));
            Assert.That(name, Is.EqualTo(Index));
            Assert.That((left.Code, applied.Count), Is.EqualTo((4, Head - 1)));
            Assert.That(left.Output,
                Does.Contain("Its objects are missing (deployments.deployments_project_id_created_at_id_idx): the script has to run.")
                .And.Contain($"  autostack-db repair --run {Index}").And.Contain("1 fault left for you to decide. Nothing was changed."));
            Assert.That((dry.Code, run.Code), Is.EqualTo((0, 0)), run.Error);
            Assert.That(run.Output, Does.Contain("1 fault mended."));
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head));
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
            Assert.That((await Migrator().ReadHistoryAsync(Token)).Versions[7].IsStamped, Is.False, "the script ran");
        }
    }

    [Test]
    public async Task A_gap_that_no_object_decides_is_left_with_both_ways_out()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version IN (4, 34)");

        var left = await RunAsync("repair", "--yes", "--json");
        var run = await RunAsync("repair", "--yes", "--run", "0034_fill_projects_repository_key");
        var stamp = await RunAsync("stamp", $"{Head}", "--yes");

        var finding = left.Json.GetProperty("left")[0];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((left.Code, left.Json.GetProperty("sound").GetBoolean(), left.Json.GetProperty("changed").GetBoolean()),
                Is.EqualTo((4, false, false)));
            Assert.That(finding.GetProperty("fault").GetString(), Is.EqualTo("gap"));
            Assert.That(finding.GetProperty("command").GetString(), Is.EqualTo($"autostack-db stamp {Head}"));
            Assert.That(finding.GetProperty("advice").GetString(),
                Does.Contain("autostack-db repair --run 0004_number_existing_log_lines"));
            Assert.That((run.Code, stamp.Code), Is.EqualTo((4, 0)));
            Assert.That(run.Output, Does.Contain("1 fault mended, 1 left for you to decide."));
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        }
    }

    [Test]
    public async Task A_gap_of_which_a_part_exists_is_sent_to_the_check()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            DELETE FROM schema_versions WHERE version = 38;
            ALTER TABLE sign_in_attempts DROP CONSTRAINT sign_in_attempts_pkey;
            """);

        var run = await RunAsync("repair", "--yes");
        var forced = await RunAsync("repair", "--yes", "--run", "0038_create_sign_in_attempts");

        Assert.That(run.Code, Is.EqualTo(4));
        Assert.That(run.Output, Does.Contain("Some of its objects are missing (sign_in_attempts.sign_in_attempts_pkey): mend them, then")
            .And.Contain("  autostack-db check"));
        Assert.That(forced.Code, Is.EqualTo(2));
        Assert.That(forced.Error,
            Does.Contain("0038_create_sign_in_attempts is not a script that is missing in the journal and can run now. None is."));
    }

    [Test]
    public async Task A_changed_checksum_is_recorded_where_the_objects_are_those_of_the_script()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            UPDATE schema_versions SET checksum = repeat('0', 64) WHERE version IN (2, 8, 34);
            DROP INDEX deployments_project_id_created_at_id_idx;
            """);
        var stopped = await RunAsync("upgrade");

        var first = await RunAsync("repair", "--yes");
        var all = await RunAsync("repair", "--yes", "--only", "changed");

        var changes = await Migrator().ReadJournalChangesAsync(Token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((stopped.Code, first.Code, all.Code), Is.EqualTo((4, 4, 0)));
            Assert.That(stopped.Error, Does.Contain("autostack-db repair --only changed"));
            Assert.That(first.Output, Does.Contain("1 fault mended, 2 left for you to decide.")
                .And.Contain("  autostack-db repair --only changed"));
            Assert.That(changes.Select(c => c.Version), Is.EqualTo(new[] { 2, 8, 34 }));
            Assert.That(changes[0].OldRow, Does.Contain(new string('0', 64)));
            Assert.That(changes[0].NewRow, Does.Contain(SchemaMigrator.Scripts[1].Checksum));
            Assert.That((await Migrator().ReadHistoryAsync(Token)).IsUpToDate, Is.True);
            Assert.That((await Migrator().ReadHistoryAsync(Token)).Versions.Any(v => v.IsStamped), Is.False, "the scripts did run");
        }
    }

    [Test]
    public async Task An_unknown_row_is_removed_by_decision_only()
    {
        await StartAtAsync(3);
        await ExecuteAsync("INSERT INTO schema_versions VALUES (9001, '9001_from_the_future', repeat('0', 64), now(), 1, 'ada', '9.0.0')");
        var stopped = await RunAsync("upgrade");

        var left = await RunAsync("repair", "--yes");
        var run = await RunAsync("repair", "--yes", "--only", "unknown");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(stopped.Error, Does.Contain("autostack-db repair --only unknown"));
            Assert.That((left.Code, run.Code), Is.EqualTo((4, 0)));
            Assert.That(left.Output, Does.Contain("use a newer release").And.Contain("1 fault left"));
            Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1", "2", "3" }));
            Assert.That((await Migrator().ReadJournalChangesAsync(Token)).Single().OldRow, Does.Contain("9001_from_the_future"));
            Assert.That((await RunAsync("upgrade")).Code, Is.Zero);
        }
    }

    [Test]
    public async Task A_selected_fault_is_mended_alone()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 5; UPDATE schema_versions SET checksum = '' WHERE version = 2");

        var run = await RunAsync("repair", "--yes", "--only", "gap");
        var wrong = await RunAsync("repair", "--yes", "--only", "holes");

        Assert.That((run.Code, wrong.Code), Is.EqualTo((4, 2)));
        Assert.That((await Migrator().ReadJournalChangesAsync(Token)).Select(c => c.Version), Is.EqualTo(new[] { 5 }));
        Assert.That(wrong.Error.Trim(), Is.EqualTo("--only is one of gap, doubled, lostKeys, changed, renamed, unknown."));
    }

    [Test]
    public async Task A_repair_that_fails_changes_no_row()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            DELETE FROM schema_versions WHERE version = 5;
            UPDATE schema_versions SET checksum = '' WHERE version = 2;
            ALTER TABLE schema_versions ADD COLUMN extra int;
            UPDATE schema_versions SET extra = 1;
            ALTER TABLE schema_versions ALTER COLUMN extra SET NOT NULL;
            """);

        var run = await RunAsync("repair", "--yes");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("The journal public.schema_versions cannot be repaired"));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM schema_versions WHERE checksum = ''"), Is.EqualTo(1));
        Assert.That(await ExistsAsync("schema_version_changes"), Is.False);
    }

    [TestCase(null, 2)]
    [TestCase("n", 1)]
    [TestCase("y", 0)]
    public async Task The_console_asks_before_a_repair(string? answer, int code)
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 5");

        var run = await ConsoleRun.StartAsync(["repair"], connection: ConnectionString, answer: answer, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(code));
        Assert.That(run.Error, answer is null ? Does.Contain("add --yes") : Does.Contain("Records the script as applied"));
        Assert.That(await AppliedAsync(), Has.Count.EqualTo(code == 0 ? Head : Head - 1));
    }

    [Test]
    public async Task A_journal_that_another_session_holds_is_exit_code_5()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version = 5");
        await using var holder = await HoldAsync("LOCK TABLE schema_versions IN ROW EXCLUSIVE MODE");

        var run = await RunAsync("repair", "--yes", "--timeout", "1");

        Assert.That(run.Code, Is.EqualTo(5));
        Assert.That(run.Error,
            Does.Match(@"Another session has locked the journal or a table\. Locked: schema_versions by pid \d+, raw, role \S+, .*" +
                @"\. Nothing was changed\. Run the command again\."));
    }

    [Test]
    public async Task A_lost_journal_is_named()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DROP TABLE schema_versions");

        var run = await RunAsync("repair", "--yes");

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("Record the version: autostack-db stamp --detect."));
    }

    [Test]
    public async Task Current_history_and_check_name_the_faults_with_their_commands()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            DELETE FROM schema_versions WHERE version = 5;
            UPDATE schema_versions SET checksum = '' WHERE version = 2;
            UPDATE schema_versions SET name = '0003_old_name' WHERE version = 3;
            """);

        foreach (var verb in new[] { "current", "history", "check" })
        {
            var text = await RunAsync(verb);
            var json = await RunAsync(verb, "--json");
            Assert.That(text.Output, Does.Contain("0005_add_deployment_logs_seq_key is missing in the journal")
                .And.Contain("0002_runtime_models.sql was changed after it was applied.")
                .And.Contain("The journal calls 0003_add_log_sequence by another name: 0003_old_name.")
                .And.Contain("  autostack-db repair" + Environment.NewLine)
                .And.Contain("  autostack-db repair --only changed" + Environment.NewLine), verb);
            Assert.That(json.Json.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("fault").GetString()),
                Is.EqualTo(new[] { "changed", "renamed", "gap" }), verb);
        }

        await RunAsync("repair", "--yes");
        Assert.That(await ListAsync("SELECT name FROM schema_versions WHERE version = 3"), Is.EqualTo(new[] { "0003_add_log_sequence" }));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
