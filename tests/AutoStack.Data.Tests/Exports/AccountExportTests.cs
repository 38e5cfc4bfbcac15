using System.Text;
using System.Text.Json;
using AutoStack.Data.Exports;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Exports;

/// <summary>The export of everything that is stored about a user.</summary>
public sealed class AccountExportTests : DatabaseTests
{
    /// <summary>Tables that are not exported, with the reason.</summary>
    private static readonly Dictionary<string, string> LeftOut = new()
    {
        ["deployment_leases"] = "which process of the platform builds a deployment",
        ["queue_pauses"] = "what people of the platform do to its queue",
        ["deployment_log_ends"] = "the numbers of lines that were removed",
        ["sign_in_attempts"] = "counts under hashes of what was typed, which name no account",
        ["upkeep_leases"] = "which process of the platform removes old rows",
        ["schema_version_changes"] = "the journal of the schema",
        ["log_partition_settings"] = "settings of an optional feature",
        ["deployment_ids"] = "the ids of deployments once more, for an optional feature",
        ["deployment_health_hours"] = "sums of health checks, for an optional feature",
    };

    /// <summary>Columns of exported tables that are not exported, with the reason.</summary>
    private static readonly Dictionary<string, string> Withheld = new()
    {
        ["users.password_hash"] = "secret; has_password says whether there is one",
        ["users.closed_at"] = "a closed account is not exported",
        ["github_connections.github_access_token"] = "secret",
        ["github_connections.github_access_token_version"] = "read with the secret",
        ["github_connections.github_refresh_token"] = "secret",
        ["github_connections.github_refresh_token_version"] = "read with the secret",
        ["sessions.token"] = "secret",
        ["sessions.client_key_hash"] = "secret",
        ["sessions.sealed_token"] = "secret",
        ["password_reset_tokens.token_hash"] = "secret",
        ["email_verification_tokens.token_hash"] = "secret",
        ["projects.env_vars"] = "secret; has_environment says whether there is one",
        ["projects.env_vars_version"] = "read with the secret",
        ["projects.repository_host"] = "computed from repository",
        ["projects.repository_path"] = "computed from repository",
        ["deployments.env_vars"] = "secret; has_environment says whether there is one",
        ["deployments.env_vars_version"] = "read with the secret",
        ["deployments.queue_place"] = "the queue's own",
        ["deployment_logs.log_bytes"] = "for the bound of the log",
        ["webhook_payloads.payload_json"] = "what a provider has sent, also about others; programs beside the library store its secrets",
        ["webhook_payloads.headers"] = "likewise, with signatures",
    };

    // Members of a line that are no columns.
    private static readonly string[] Added = ["table", "has_password", "has_environment"];

    private IAccountExport Export => Get<IAccountExport>();

    [Test]
    public async Task Every_table_and_column_is_exported_or_left_out_for_a_reason()
    {
        var (own, _) = (await FillAsync(), await FillAsync());
        var lines = await ExportAsync(own);
        var exported = lines.Select(TableOf).Distinct().Except(["export", "end"]).ToList();
        var tables = await TablesAsync();

        Assert.That(tables.Except(exported).Except(LeftOut.Keys), Is.Empty, "Export these tables, or say why not in LeftOut.");
        Assert.That(exported.Except(tables).Concat(exported.Intersect(LeftOut.Keys)), Is.Empty);
        var wrong = new List<string>();
        foreach (var table in exported)
        {
            var columns = ((string)(await ScalarAsync(
                """
                SELECT string_agg(attname, ',') FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped
                """, table))!).Split(',');
            var members = lines.First(line => TableOf(line) == table).EnumerateObject().Select(member => member.Name).Except(Added);
            var withheld = Withheld.Keys.Where(key => key.StartsWith($"{table}.", StringComparison.Ordinal))
                .Select(key => key.Split('.')[1]);
            wrong.AddRange(columns.Except(members).Except(withheld).Select(column => $"{table}.{column} is missing"));
            wrong.AddRange(members.Except(columns).Concat(members.Intersect(withheld)).Select(member => $"{table}.{member} is too much"));
        }

        Assert.That(wrong, Is.Empty);
    }

    [Test]
    public async Task An_export_has_every_row_of_the_user_once_no_row_of_another_and_no_secret()
    {
        var (own, other) = (await FillAsync(), await FillAsync());
        var text = Encoding.UTF8.GetString(await BytesAsync(own));
        var lines = LinesOf(text).ToList();

        Assert.That(text, Does.Not.Contain("hidden").And.Not.Contain($"{other:D}").And.EndWith("\n"));
        Assert.That(text, Does.Contain($"mark {own:N}").And.Not.Contain($"{other:N}"));
        Assert.That(TableOf(lines[0]), Is.EqualTo("export"));
        Assert.That(
            (lines[0].GetProperty("format").GetInt32(), lines[0].GetProperty("user_id").GetGuid()),
            Is.EqualTo((IAccountExport.Format, own)));
        Assert.That(lines[0].GetProperty("schema_version").GetInt32(), Is.GreaterThanOrEqualTo(49));
        Assert.That(lines[0].GetProperty("exported_at").GetDateTime(), Is.EqualTo(DateTime.UtcNow).Within(TimeSpan.FromMinutes(5)));
        Assert.That((TableOf(lines[^1]), lines[^1].GetProperty("lines").GetInt32()), Is.EqualTo(("end", lines.Count - 1)));
        Assert.That(
            lines[1..^1].CountBy(TableOf).Select(count => $"{count.Key} {count.Value}"),
            Is.EqualTo(new[]
            {
                "users 1", "user_preferences 1", "user_identities 1", "github_connections 1", "sessions 2", "password_reset_tokens 2",
                "email_verification_tokens 2", "projects 2", "deployments 4", "deployment_stages 4", "deployment_containers 4",
                "live_deployments 4", "webhook_payloads 4", "deployment_health_checks 4", "deployment_logs 12",
                "deployment_runtime_logs 12",
            }));
        var user = lines.Single(line => TableOf(line) == "users");
        Assert.That((user.GetProperty("has_password").GetBoolean(), user.GetProperty("google_id").ValueKind),
            Is.EqualTo((true, JsonValueKind.Null)));
        Assert.That(
            lines.Where(line => TableOf(line) == "projects").Select(line => line.GetProperty("repository").GetString()),
            Is.All.EqualTo("https://git.example.com/ada/site"), "without the password in it");
        Assert.That(lines.Where(line => TableOf(line) == "deployments").Select(line => line.GetProperty("is_deleted").GetBoolean()),
            Has.Exactly(2).True);
    }

    [TestCase("ada/site", "ada/site")]
    [TestCase("https://git.example.com/ada/My%20Site", "https://git.example.com/ada/My%20Site")]
    [TestCase("https://git.example.com:8443/ada/site.git", "https://git.example.com:8443/ada/site.git")]
    [TestCase("ssh://git@git.example.com:22/ada/site", "ssh://git@git.example.com:22/ada/site")]
    [TestCase("git@git.example.com:ada/site", "git@git.example.com:ada/site")]
    [TestCase("git.example.com/ada/site", "git.example.com/ada/site")]
    [TestCase("https://[::1]:8080/ada/site", "https://[::1]:8080/ada/site")]
    [TestCase(" \t\nhttps://ada:hunter2@github.com/ada/site\n", "https://github.com/ada/site")]
    [TestCase("HTTPS://ada:hunter2@github.com/ada/site", "HTTPS://github.com/ada/site")]
    [TestCase("ssh://ada:hunter2@github.com/ada/site", "ssh://github.com/ada/site")]
    [TestCase("https://hunter2@github.com/ada/site", "https://github.com/ada/site")]
    [TestCase("hunter2@git.example.com:ada/site", "git.example.com:ada/site")]
    [TestCase("https://github.com/ada/site?access_token=hunter2", "https://github.com/ada/site")]
    [TestCase("https://github.com/ada/site#hunter2", "https://github.com/ada/site")]
    [TestCase("ada/site?access_token=hunter2", "ada/site")]
    [TestCase("git@github.com:ada/site?access_token=hunter2", "git@github.com:ada/site")]
    [TestCase("https://ada:hun/ter2@github.com/ada/site", "[redacted]")]
    [TestCase("https://ada:1234/hunter2@github.com/ada/site", "[redacted]")]
    [TestCase("https://ada:1234?hunter2@github.com/ada/site", "[redacted]")]
    [TestCase("https://ada:1234#hunter2@github.com/ada/site", "[redacted]")]
    [TestCase("https://ada/hunter2@github.com/ada/site", "[redacted]")]
    [TestCase("https://ada:hun@ter2@github.com/ada/site", "[redacted]")]
    [TestCase("https://ada:hun ter2@github.com/ada/site", "[redacted]")]
    [TestCase("https://ada:hun\\ter2@github.com/ada/site", "[redacted]")]
    [TestCase("https://ada%3Ahunter2%40github.com/ada/site", "[redacted]")]
    [TestCase("https://github.com/ada/site%3Faccess_token%3Dhunter2", "[redacted]")]
    [TestCase("https://github.com/ada/site;access_token=hunter2", "[redacted]")]
    [TestCase("https:ada:hunter2@github.com/ada/site", "[redacted]")]
    [TestCase("ada:hunter2@github.com/ada/site", "[redacted]")]
    [TestCase("ada:hunter2", "[redacted]")]
    [TestCase("ext::sh -c hunter2", "[redacted]")]
    [TestCase("", "[redacted]")]
    public async Task A_repository_is_exported_without_user_query_and_fragment_or_not_at_all(string stored, string exported)
    {
        var user = await FillAsync();
        await ExecuteAsync("UPDATE projects SET repository = $1 WHERE user_id = $2", stored, user);

        var text = Encoding.UTF8.GetString(await BytesAsync(user));

        Assert.That(
            LinesOf(text).Where(line => TableOf(line) == "projects").Select(line => line.GetProperty("repository").GetString()),
            Is.All.EqualTo(exported));
        Assert.That(text, Does.Not.Contain("hunter2").And.Not.Contain("ter2"));
    }

    [TestCase("https://site.example.com/docs/", "https://site.example.com/docs/")]
    [TestCase("http://127.0.0.1:30001/health", "http://127.0.0.1:30001/health")]
    [TestCase("https://pictures.example.com/u/1?v=4", "https://pictures.example.com/u/1")]
    [TestCase("https://pictures.example.com/a/ACg8ocK_-x=s96-c", "https://pictures.example.com/a/ACg8ocK_-x=s96-c")]
    [TestCase("https://ada:hunter2@site.example.com/", "https://site.example.com/")]
    [TestCase("https://site.example.com/?token=hunter2", "https://site.example.com/")]
    [TestCase("https://site.example.com/#access_token=hunter2", "https://site.example.com/")]
    [TestCase("https://site.example.com/token=hunter2", "[redacted]")]
    [TestCase("https://ada:hun/ter2@site.example.com/", "[redacted]")]
    [TestCase("site.example.com", "site.example.com")]
    [TestCase("data:image/png;base64,hunter2", "[redacted]")]
    public async Task Every_other_address_is_exported_like_that_of_a_repository(string stored, string exported)
    {
        var user = await FillAsync();
        await ExecuteAsync("UPDATE users SET avatar_url = $1 WHERE id = $2", stored, user);
        await ExecuteAsync("UPDATE deployments SET deployed_url = $1 WHERE user_id = $2", stored, user);
        await ExecuteAsync(
            "UPDATE deployment_health_checks h SET url = $1 FROM deployments d WHERE d.id = h.deployment_id AND d.user_id = $2",
            stored, user);

        var text = Encoding.UTF8.GetString(await BytesAsync(user));

        foreach (var (table, column) in new[]
        {
            ("users", "avatar_url"), ("deployments", "deployed_url"), ("deployment_health_checks", "url"),
        })
        {
            Assert.That(
                LinesOf(text).Where(line => TableOf(line) == table).Select(line => line.GetProperty(column).GetString()),
                Is.Not.Empty.And.All.EqualTo(exported), column);
        }

        Assert.That(text, Does.Not.Contain("hunter2").And.Not.Contain("ter2"));
    }

    [Test]
    public async Task An_address_that_is_not_there_is_exported_as_null()
    {
        var user = await FillAsync();
        await ExecuteAsync("UPDATE users SET avatar_url = NULL WHERE id = $1", user);

        var lines = await ExportAsync(user);

        Assert.That(lines.Single(line => TableOf(line) == "users").GetProperty("avatar_url").ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(
            lines.Where(line => TableOf(line) == "deployments").Select(line => line.GetProperty("deployed_url").ValueKind),
            Is.All.EqualTo(JsonValueKind.Null));
    }

    [Test]
    public async Task Every_column_with_an_address_is_known()
    {
        var columns = (string)(await ScalarAsync(
            """
            SELECT string_agg(a.attrelid::regclass || '.' || a.attname, ',' ORDER BY 1)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
              AND a.attname ~ '(^|_)(url|uri|address|repository|link)$' AND NOT a.attisdropped
            """))!;

        Assert.That(
            columns.Split(','),
            Is.EquivalentTo(new[]
            {
                "deployment_health_checks.url", "deployments.deployed_url", "projects.repository", "users.avatar_url",
            }),
            "Export the address of the new column by ExportedAddress, and test it here.");
    }

    [Test]
    public async Task Texts_come_as_they_are_stored_and_logs_in_their_order()
    {
        var user = await FillAsync();
        var deployment = (Guid)(await ScalarAsync("SELECT id FROM deployments WHERE user_id = $1 ORDER BY id LIMIT 1", user))!;
        const string Hostile = "\"quoted\", \\back\\slash\\, \u0001\u0002\u001F\u007F, \r\n\t, \\., 🚀 \u2028 </script>";
        await ExecuteAsync("UPDATE deployment_logs SET message = $1 WHERE deployment_id = $2 AND seq = 2", Hostile, deployment);
        await ExecuteAsync("UPDATE deployment_logs SET message = '' WHERE deployment_id = $1 AND seq = 3", deployment);
        await ExecuteAsync("UPDATE users SET name = '\\.', created_at = 'infinity' WHERE id = $1", user);

        var lines = await ExportAsync(user);

        var log = lines.Where(line => TableOf(line) == "deployment_logs" && line.GetProperty("deployment_id").GetGuid() == deployment)
            .ToList();
        Assert.That(log.Select(line => line.GetProperty("seq").GetInt64()), Is.EqualTo(new[] { 1L, 2, 3 }));
        Assert.That(log.Select(line => line.GetProperty("message").GetString()).Skip(1), Is.EqualTo(new[] { Hostile, "" }));
        Assert.That(log[0].GetProperty("timestamp").GetString(), Is.EqualTo("2026-03-29T01:02:03.000004"));
        var account = lines.Single(line => TableOf(line) == "users");
        Assert.That(
            (account.GetProperty("name").GetString(), account.GetProperty("created_at").GetString()), Is.EqualTo(("\\.", "infinity")));
    }

    [Test]
    public async Task All_lines_are_of_one_moment()
    {
        var user = await FillAsync();
        var expected = (await ExportAsync(user)).Count;
        var written = new Observer(async _ =>
        {
            await AddProjectAsync(user);
            await ExecuteAsync("DELETE FROM deployment_logs l USING deployments d WHERE d.id = l.deployment_id AND d.user_id = $1", user);
        });

        Assert.That(await Export.WriteAsync(user, written, Token), Is.EqualTo(expected));
        Assert.That(await ExportAsync(user), Has.Count.EqualTo(expected - 12 + 1), "the next one shows it");
    }

    [Test]
    public async Task A_long_log_is_written_in_bounded_parts()
    {
        var user = await FillAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (id, deployment_id, message, timestamp, created_at, seq)
            SELECT gen_random_uuid(), d.id, repeat('x', 100), now(), now(), n
            FROM (SELECT id FROM deployments WHERE user_id = $1 ORDER BY id LIMIT 1) d, generate_series(10, 50009) n
            """, user);
        var written = new Observer(_ => Task.CompletedTask);

        var lines = await Export.WriteAsync(user, written, Token);

        Assert.That(lines, Is.EqualTo(62 + 50_000));
        Assert.That(written.Lines, Is.EqualTo(lines));
        Assert.That(written.Largest, Is.LessThanOrEqualTo(64 * 1024));
        Assert.That(written.Parts, Is.GreaterThan(100));
    }

    [Test]
    public async Task Nothing_is_written_for_an_account_that_does_not_exist_or_is_closed()
    {
        var user = await FillAsync();
        await Users.RemoveAsync(user, Token);
        using var destination = new MemoryStream();

        Assert.That(await Export.WriteAsync(user, destination, Token), Is.Null);
        Assert.That(await Export.WriteAsync(Guid.NewGuid(), destination, Token), Is.Null);
        Assert.That(destination.Length, Is.Zero);
        Assert.That(() => Export.WriteAsync(user, null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Export.WriteAsync(user, new MemoryStream([], writable: false), Token),
            Throws.ArgumentException.With.Message.Contains("destination"));
    }

    [Test]
    public async Task A_destination_that_fails_ends_the_export_and_no_other_call()
    {
        var user = await FillAsync();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);

        Assert.That(
            () => Export.WriteAsync(user, new Observer(_ => throw new IOException("The disk is full.")), Token),
            Throws.TypeOf<IOException>().With.Message.EqualTo("The disk is full."));
        Assert.That(
            async () => await Export.WriteAsync(user, new Observer(async token =>
            {
                await stop.CancelAsync();
                token.ThrowIfCancellationRequested();
            }), stop.Token),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await ExportAsync(user), Is.Not.Empty);
        Assert.That(await Users.FindAsync(user, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_destination_that_ignores_its_token_keeps_neither_the_caller_nor_a_transaction()
    {
        var user = await FillAsync();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var (hangs, released) = (new TaskCompletionSource(), new TaskCompletionSource());
        var destination = new Observer(_ =>
        {
            hangs.SetResult();
            return released.Task;
        });

        var export = Export.WriteAsync(user, destination, stop.Token);
        await hangs.Task.WaitAsync(Token);
        Assert.That(await OpenTransactionsAsync(), Has.Length.EqualTo(1));
        await stop.CancelAsync();

        Assert.That(() => export.WaitAsync(TimeSpan.FromMinutes(1)), Throws.InstanceOf<OperationCanceledException>());
        await UntilNoTransactionAsync();
        released.SetResult();
        Assert.That(await ExportAsync(user), Is.Not.Empty);
    }

    private static string TableOf(JsonElement line) => line.GetProperty("table").GetString()!;

    private async Task<byte[]> BytesAsync(Guid userId)
    {
        using var destination = new MemoryStream();
        Assert.That(await Export.WriteAsync(userId, destination, Token), Is.Not.Null);
        return destination.ToArray();
    }

    private async Task<List<JsonElement>> ExportAsync(Guid userId) =>
        [.. LinesOf(Encoding.UTF8.GetString(await BytesAsync(userId)))];

    private static IEnumerable<JsonElement> LinesOf(string text) =>
        text.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement);

    // A user with rows in every table. Every secret is "hidden".
    private async Task<Guid> FillAsync()
    {
        var user = Guid.CreateVersion7();
        var mark = $"mark {user:N}";
        await ExecuteAsync(
            "INSERT INTO users (id, name, email, password_hash, github_id) VALUES ($1, $2, $3, 'hidden', $4)",
            user, mark, $"{user:N}@example.com", $"{user:N}");
        foreach (var sql in new[]
        {
            "INSERT INTO user_preferences (user_id) VALUES ($1)",
            "INSERT INTO user_identities VALUES (gen_random_uuid(), $1, 'gitlab', $1::text, now())",
            """
            INSERT INTO github_connections (user_id, github_username, github_access_token, github_refresh_token)
            VALUES ($1, 'ada', 'hidden', 'hidden')
            """,
            """
            INSERT INTO sessions (user_id, token, client_key_hash, sealed_token, expires_at)
            SELECT $1, 'hidden ' || $1 || n, 'hidden', 'hidden', now() FROM generate_series(1, 2) n
            """,
            "INSERT INTO password_reset_tokens (user_id, token_hash, expires_at) SELECT $1, 'hidden', now() FROM generate_series(1, 2)",
            """
            INSERT INTO email_verification_tokens
            SELECT gen_random_uuid(), $1, 'verify', 'a', 'a', left('hidden ' || n || $1, 64), now(), NULL, NULL, now()
            FROM generate_series(1, 2) n
            """,
            """
            INSERT INTO projects (user_id, name, repository, env_vars)
            SELECT $1, 'site ' || n, 'https://ada:hidden@git.example.com/ada/site', 'hidden' FROM generate_series(1, 2) n
            """,
            """
            INSERT INTO deployments (project_id, user_id, status, env_vars, is_deleted)
            SELECT p.id, $1, 'success', 'hidden', n = 2 FROM projects p, generate_series(1, 2) n WHERE p.user_id = $1
            """,
            """
            INSERT INTO live_deployments
            SELECT project_id, n = 1, left('m', n - 1), id, now(), now()
            FROM deployments, generate_series(1, 2) n
            WHERE user_id = $1 AND NOT is_deleted
            """,
            "INSERT INTO deployment_stages (deployment_id, stage_name) SELECT id, 'building' FROM deployments WHERE user_id = $1",
            """
            INSERT INTO deployment_containers (deployment_id, container_id, image, port, host, status)
            SELECT id, 'c', 'i', 30000 + row_number() OVER (), $1::text, 'stopped' FROM deployments WHERE user_id = $1
            """,
            "INSERT INTO deployment_health_checks (deployment_id, url) SELECT id, 'http://a' FROM deployments WHERE user_id = $1",
            """
            INSERT INTO webhook_payloads (deployment_id, provider, payload_json, headers)
            SELECT id, 'github', '{"a": "hidden"}', '{"a": "hidden"}' FROM deployments WHERE user_id = $1
            """,
            """
            INSERT INTO deployment_logs (deployment_id, message, timestamp)
            SELECT id, $1::text, '2026-03-29 01:02:03.000004' FROM deployments, generate_series(1, 3) WHERE user_id = $1
            """,
            """
            INSERT INTO deployment_runtime_logs (deployment_id, source, message)
            SELECT id, 'docker', $1::text FROM deployments, generate_series(1, 3) WHERE user_id = $1
            """,
        })
        {
            await ExecuteAsync(sql, user);
        }

        return user;
    }

    // Runs an action before its first part, and counts.
    private sealed class Observer(Func<CancellationToken, Task> first) : MemoryStream
    {
        public int Parts { get; private set; }

        public int Largest { get; private set; }

        public long Lines { get; private set; }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Parts++ == 0)
            {
                await first(cancellationToken);
            }

            Largest = Math.Max(Largest, buffer.Length);
            Lines += buffer.Span.Count((byte)'\n');
        }
    }
}
