namespace AutoStack.Data.Tests.Integrity;

/// <summary>Every check finds the damage that it is for, and no other check finds it.</summary>
public sealed class DamageTests : VerifierTests
{
    private const string Replica = "SET session_replication_role = replica; ";

    // A stage, a log and a lease of the deployment that is in the step copying; a log of the one that succeeded.
    private const string Running = "(SELECT id FROM deployments WHERE status = 'copying')";
    private const string Succeeded = "(SELECT id FROM deployments WHERE status = 'success')";

    /// <summary>The damage, and the findings that it causes: each as the rule, the severity and a part of the problem.</summary>
    private static IEnumerable<TestCaseData> Cases()
    {
        yield return Case(
            "ALTER TABLE users ADD CONSTRAINT extra CHECK (name <> 'x') NOT VALID", "constraint-state Error",
            "not validated: users.extra.");
        yield return Case(
            "ALTER TABLE projects DISABLE TRIGGER projects_assign_repository_key", "constraint-state Error",
            "a trigger is disabled: projects.projects_assign_repository_key.");
        yield return Case(
            "UPDATE pg_index SET indisvalid = FALSE WHERE indexrelid = 'users_lower_email_key'::regclass", "constraint-state Error",
            "an index is not valid: users.users_lower_email_key.");
        yield return Case(
            Replica + "DELETE FROM users", "foreign-key Error", "projects.projects_user_id_fkey: a row refers to one that is not there",
            "deployments.deployments_user_id_fkey", "github_connections.github_connections_user_id_fkey",
            "sessions.sessions_user_id_fkey", "user_preferences.user_preferences_user_id_fkey",
            "password_reset_tokens.password_reset_tokens_user_id_fkey");
        yield return Case(
            "ALTER TABLE sessions DROP CONSTRAINT sessions_required_check; UPDATE sessions SET created_at = NULL WHERE rotated_at IS NULL; "
            + "ALTER TABLE sessions ADD CONSTRAINT sessions_required_check CHECK (created_at IS NOT NULL) NOT VALID; "
            + "UPDATE pg_constraint SET convalidated = TRUE WHERE conname = 'sessions_required_check'",
            "check-constraint Error", "sessions.sessions_required_check: a row violates the constraint, 2 times: ");
        yield return Case(
            "ALTER TABLE deployment_health_checks ALTER url DROP NOT NULL; UPDATE deployment_health_checks SET url = NULL; "
            + "UPDATE pg_attribute SET attnotnull = TRUE WHERE attrelid = 'deployment_health_checks'::regclass AND attname = 'url'",
            "check-constraint Error", "deployment_health_checks (NOT NULL): a required column is null, 5 times: ");
        yield return Case(
            Replica + "UPDATE deployments SET queue_place = NULL WHERE status = 'queued'; UPDATE projects SET repository_path = NULL",
            "assigned-value Error", "deployments: a deployment that waits has no place in the queue: ",
            "projects: a project has no key of its repository");
        yield return Case(
            $"DELETE FROM deployment_logs WHERE seq = 2 AND deployment_id = {Succeeded}", "log-sequence Error",
            "deployment_logs: the line before is missing: ");
        yield return Case(
            $"DROP INDEX deployment_runtime_logs_deployment_id_seq_key; INSERT INTO deployment_runtime_logs (deployment_id, message, seq) "
            + $"SELECT id, 'x', 1 FROM deployments WHERE id = {Succeeded}", "log-sequence Error",
            "deployment_runtime_logs: a number is there twice, 2 times: ");
        yield return Case(
            $"UPDATE deployment_logs SET seq = seq - 10 WHERE deployment_id = {Succeeded}", "log-sequence Error",
            "deployment_logs: a line has a number below 1, 3 times: ");
        yield return Case(
            $"UPDATE deployment_stages SET status = 'in_progress' WHERE deployment_id = {Succeeded} AND stage_name = 'building'",
            "stage-state Error", "a stage is in progress and its deployment has ended: ");
        yield return Case(
            "UPDATE deployment_stages SET status = 'pending' WHERE stage_name = 'deploying' AND deployment_id = "
            + "(SELECT id FROM deployments WHERE status = 'cancelled' AND started_at IS NOT NULL AND NOT is_deleted)",
            "stage-state Error", "a stage is pending and its deployment is cancelled: ");
        yield return Case(
            $"DELETE FROM deployment_stages WHERE stage_name = 'copying' AND deployment_id = {Running}", "stage-state Error",
            "deployments: the stage that the status names is missing: ");
        yield return Case(
            "INSERT INTO deployment_leases (deployment_id, worker, claim_key, attempt, claimed_at, renewed_at, expires_at) "
            + $"VALUES ({Succeeded}, 'w', gen_random_uuid(), 1, now(), now(), now())", "lease Error",
            "deployment_leases: the lease of a deployment that has ended is there: ");
        yield return Case("UPDATE deployment_leases SET attempt = -1", "lease Error", "fewer than no attempts");
        yield return Case(
            $"DELETE FROM deployment_leases WHERE deployment_id = {Running}", "lease Warning", "a deployment that runs has no lease: ");
        yield return Case(
            "DROP INDEX deployment_containers_host_port_key; UPDATE deployment_containers SET port = 30000", "container-port Error",
            "deployment_containers: a port has two containers, ");
        yield return Case(
            "UPDATE deployment_containers SET stopped_at = created_at WHERE status = 'running'", "container-port Error",
            "a container runs and is stopped, ");
        yield return Case(
            "UPDATE sessions SET rotated_at = NULL", "session-family Error",
            "sessions: a family has two sessions that are not rotated, 3 times");
        yield return Case(
            "INSERT INTO users (name, email) VALUES ('Ada', 'other@example.com'); UPDATE sessions SET user_id = "
            + "(SELECT id FROM users WHERE email = 'other@example.com') WHERE family_id IS NULL AND rotated_at IS NOT NULL",
            "session-family Error", "a session and the first one of its family have different users, 2 times: ");
        yield return Case(
            "INSERT INTO password_reset_tokens (user_id, token_hash, expires_at) SELECT user_id, repeat('0', 64), "
            + "expires_at FROM password_reset_tokens", "reset-token Warning", "a user has two resets that can be used, 2 times: ");
        yield return Case(
            "UPDATE sign_in_attempts SET attempts = -1", "sign-in-attempt Warning", "a count of sign-ins is negative, 3 times: ");
        yield return Case(
            "UPDATE users SET password_hash = 'secret'; UPDATE sessions SET token = 'clear' || id::text", "hash-form Error",
            "users.password_hash: a password is not a bcrypt hash: ", "sessions.token: a token is neither a SHA-256 nor a UUID, 4 times: ");
        yield return Case(
            "UPDATE projects SET env_vars = overlay(env_vars placing 'AAAA' from 20)", "secret Error",
            "projects.env_vars: a value does not open; it names the key 'k1': ");
        yield return Case(
            "UPDATE deployments SET completed_at = started_at - interval '1 s' WHERE status = 'success'", "time-order Warning",
            "deployments: a row ends before it begins: ");
        yield return Case(
            "UPDATE deployments SET creator_type = 'robot' WHERE status = 'success'", "text-value Warning",
            "deployments.creator_type: a value is not one that the library knows: ");
        yield return Case(
            "CREATE CAST (bytea AS text) WITHOUT FUNCTION; UPDATE users SET avatar_url = '\\xff'::bytea::text", "text-encoding Error",
            "users: cannot be read (22021");
        yield return Case(
            "DROP INDEX webhook_payloads_delivery_idx; ALTER TABLE webhook_payloads ALTER headers TYPE json USING headers::json; "
            + "CREATE CAST (text AS json) WITHOUT FUNCTION; "
            + "UPDATE webhook_payloads SET headers = '{'::text::json", "json Error",
            "webhook_payloads: a body or its headers are not readable JSON: ");

        // The second row is in the table and not in the index, as after damage.
        yield return Case(
            "DROP INDEX idx_users_github_id; "
            + "UPDATE pg_index SET indisready = FALSE, indisvalid = FALSE WHERE indexrelid = 'users_github_id_key'::regclass; "
            + "UPDATE users SET github_id = 'a'; INSERT INTO users (name, email, github_id) VALUES ('Ada', 'second@example.com', 'a'); "
            + "UPDATE pg_index SET indisready = TRUE, indisvalid = TRUE WHERE indexrelid = 'users_github_id_key'::regclass",
            "unique-key Error",

            // One of the rows where the plan uses the index, both where it reads the small table.
            "users.users_github_id_key: a key is there twice, or its index does not find the row");
    }

    // Of PostgreSQL's extension amcheck, which every server of the tests has.
    private static IEnumerable<TestCaseData> StructureCases()
    {
        yield return Case(
            "DROP INDEX idx_users_google_id; UPDATE pg_index SET indisready = FALSE, indisvalid = FALSE "
            + "WHERE indexrelid = 'users_google_id_key'::regclass; UPDATE users SET google_id = 'a'; "
            + "UPDATE pg_index SET indisready = TRUE, indisvalid = TRUE WHERE indexrelid = 'users_google_id_key'::regclass",
            "index-structure Error", "users.users_google_id_key: is damaged (XX001: ");
        yield return Case(
            "UPDATE pg_class SET relfrozenxid = pg_current_xact_id()::xid WHERE relname = 'projects'", "heap-structure Error",
            "projects: a row is damaged, 2 times: page 0 item 1, page 0 item 2.");
    }

    [TestCaseSource(nameof(StructureCases))]
    public async Task A_damaged_structure_is_found_where_amcheck_is_installed(string damage, string rule, string[] problems)
    {
        await new LifeCycle(Services, Token).RunAsync();
        await ExecuteAsync("CREATE EXTENSION amcheck");
        Assert.That((await VerifyAsync("index-structure", "heap-structure")).Findings, Is.Empty, "before");

        await ExecuteAsync($"SET allow_system_table_mods = on; {damage}");

        var found = await FindAsync("index-structure", "heap-structure");
        Assert.That(found, Has.Count.EqualTo(1).And.Some.StartsWith($"{rule}: ").And.Some.Contains(problems[0]), string.Join("\n", found));
    }

    [Test]
    public async Task Another_version_of_a_collation_is_found()
    {
        TestServer.Require(15, "the version of the database's collation is recorded.");
        await ExecuteAsync("UPDATE pg_database SET datcollversion = '1' WHERE datname = current_database()");

        Assert.That(await FindAsync("collation"), Has.Count.EqualTo(1).And.Some.StartsWith("collation Error: collations: "));
    }

    [TestCaseSource(nameof(Cases))]
    public async Task A_damage_is_found_by_its_check_and_by_no_other(string damage, string rule, string[] problems)
    {
        await new LifeCycle(Services, Token).RunAsync();
        Assert.That(await FindAsync(), Is.Empty, "before");

        await ExecuteAsync($"SET allow_system_table_mods = on; {damage}");

        var found = await FindAsync();
        Assert.That(found, Has.Count.EqualTo(problems.Length), string.Join("\n", found));
        foreach (var problem in problems)
        {
            Assert.That(found, Has.Some.StartsWith($"{rule}: ").And.Some.Contains(problem));
        }
    }

    private static TestCaseData Case(string damage, string rule, params string[] problems) =>
        new TestCaseData(damage, rule, problems).SetArgDisplayNames($"{rule}, {problems[0]}");
}
