using System.Text.Json;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Values;
using AutoStack.Data.Webhooks;
using Npgsql;

namespace AutoStack.Data.Tests.Webhooks;

/// <summary>Once with the columns of the document, once with those of databases that were adopted.</summary>
[TestFixture("jsonb")]
[TestFixture("json")]
public sealed class WebhookPayloadRepositoryTests(string columnType) : DatabaseTests
{
    private static int pythonRows;

    [OneTimeSetUp]
    public async Task ChooseColumnTypeAsync() =>
        await ExecuteAsync(
            $"ALTER TABLE webhook_payloads ALTER COLUMN payload_json TYPE {columnType} USING payload_json::{columnType}, ALTER COLUMN "
                + $"headers TYPE {columnType} USING headers::{columnType}");

    [Test]
    public async Task Store_keeps_the_webhook_and_find_reads_it_back()
    {
        var stored = await Webhooks.StoreAsync(
            GitHub(
                """{"ref":"refs/heads/main","n":[1,2.50,true,null],"text":"größe 🚀 \"q\""}""",
                ("X-GitHub-Delivery", Unique("d")),
                ("X-GitHub-Event", "push")),
            Token);

        var found = (await Webhooks.FindAsync(stored.PayloadId, Token))!;

        Assert.That(stored, Is.EqualTo(new WebhookStoreResult(WebhookStoreOutcome.Stored, found.Id, null)));
        Assert.That(found.Provider, Is.EqualTo(WebhookProvider.GitHub));
        Assert.That(found.DeploymentId, Is.Null);
        Assert.That(found.ReceivedAt, Is.EqualTo(Clock.Start).Within(TimeSpan.FromDays(1)).And.Property("Offset").EqualTo(TimeSpan.Zero));
        Assert.That(
            JsonElement.DeepEquals(found.PayloadJson, Json("""{"ref":"refs/heads/main","n":[1,2.5,true,null],"text":"größe 🚀 \"q\""}""")),
            Is.True);
        Assert.That(found.Headers.GetProperty("x-github-event").GetString(), Is.EqualTo("push"));
        Assert.That(
            await ScalarAsync(
                "SELECT pg_typeof(payload_json)::text || pg_typeof(headers)::text FROM webhook_payloads WHERE id = $1", found.Id),
            Is.EqualTo(columnType + columnType));
        Assert.That(await Webhooks.FindAsync(Guid.NewGuid(), Token), Is.Null);
    }

    [TestCase(@"""a\u0000b""", "a\uFFFDb")]
    [TestCase(@"""a\\u0000b""", @"a\u0000b")]
    [TestCase(@"""a\\\u0000b""", "a\\\uFFFDb")]
    [TestCase(@"""a\\\\u0000b""", @"a\\u0000b")]
    [TestCase(@"""\\\\\u0000\\""", "\\\\\uFFFD\\")]
    [TestCase(@"""\""\u0000""", "\"\uFFFD")]
    [TestCase(@"""\u0001\n\u00e9""", "\u0001\né")]
    [TestCase(@"""\ud800""", "\uFFFD")]
    [TestCase(@"""\udc00x""", "\uFFFDx")]
    [TestCase(@"""\ud83d\ude80""", "🚀")]
    [TestCase(@"""\uD83D\uDE80\uDE80""", "🚀\uFFFD")]
    [TestCase(@"""\ud83d\ud83d\ude80""", "\uFFFD🚀")]
    [TestCase(@"""\ud83d\\ude80""", "\uFFFD\\ude80")]
    [TestCase(@"""\ud83d\n""", "\uFFFD\n")]
    [TestCase(@"""\ud800\u0000""", "\uFFFD\uFFFD")]
    [TestCase(@"""\\ud800""", @"\ud800")]
    public async Task Only_escapes_that_cannot_be_stored_become_the_replacement_character(string json, string expected)
    {
        var stored = await Webhooks.StoreAsync(GitHub($$"""{"key{{json[1..^1]}}":[{{json}}]}"""), Token);

        var property = (await Webhooks.FindAsync(stored.PayloadId, Token))!.PayloadJson.EnumerateObject().Single();

        Assert.That((property.Name, property.Value[0].GetString()), Is.EqualTo(("key" + expected, expected)));
    }

    [Test]
    public async Task Bytes_that_are_not_utf8_are_replaced()
    {
        using var document = JsonDocument.Parse(new byte[] { (byte)'"', (byte)'a', 0xFF, 0xED, 0xA0, 0x80, (byte)'"' });

        var stored = await Webhooks.StoreAsync(GitHub("1") with { PayloadJson = document.RootElement }, Token);

        Assert.That((await Webhooks.FindAsync(stored.PayloadId, Token))!.PayloadJson.GetString(), Does.Match("^a\uFFFD+$"));
    }

    [TestCase("null")]
    [TestCase("true")]
    [TestCase("\"\"")]
    [TestCase("[]")]
    [TestCase("-0.5e-3")]
    public async Task Any_json_is_a_body(string json)
    {
        var stored = await Webhooks.StoreAsync(GitHub(json), Token);

        Assert.That(JsonElement.DeepEquals((await Webhooks.FindAsync(stored.PayloadId, Token))!.PayloadJson, Json(json)), Is.True);
    }

    [Test]
    public async Task A_part_of_a_larger_document_is_stored_alone()
    {
        var whole = Json("""[{"a\u0000":1}, {"b":2}]""");

        var stored = await Webhooks.StoreAsync(GitHub("1") with { PayloadJson = whole[1] }, Token);

        Assert.That(JsonElement.DeepEquals((await Webhooks.FindAsync(stored.PayloadId, Token))!.PayloadJson, Json("""{"b":2}""")), Is.True);
    }

    [Test]
    public async Task Secrets_among_the_headers_are_not_stored()
    {
        string[] secret =
        [
            "Authorization", "PROXY-AUTHORIZATION", "Cookie", "Set-Cookie", "X-Hub-Signature", "X-Hub-Signature-256", "X-Gitlab-Token",
            "X-Api-Key",
            "x_secret_value", "X-Auth", "X-Amz-Security-Token", "X-Vault-Password", "X-Session-Id", "X-Author", "X-Forwarded-For",
            "X-Keyboard", "X-Anything", "Referer",
        ];
        string[] open =
        [
            "X-GitHub-Delivery", "X-GitHub-Event", "X-GitHub-Hook-ID", "User-Agent", "Content-Type", "X-Gitlab-Event",
            "X-Gitlab-Webhook-UUID", "X-Event-Key", "X-Hook-UUID",
            "X-Request-Id", "X-Attempt-Number",
        ];
        var value = Unique("hunter");
        var payload = GitHub("{}", [.. secret.Concat(open).Select(name => (name, value))]);

        var stored = await Webhooks.StoreAsync(payload, Token);

        var headers = (await Webhooks.FindAsync(stored.PayloadId, Token))!.Headers;
        Assert.That(headers.EnumerateObject().Select(h => h.Name), Is.EquivalentTo(open.Select(name => name.ToLowerInvariant())));
        Assert.That(headers.EnumerateObject().Select(h => h.Value.GetString()), Is.All.EqualTo(value));
        Assert.That(payload.ToString(), Does.Not.Contain(value));
        Assert.That(
            $"{await Webhooks.FindAsync(stored.PayloadId, Token)}",
            Does.Not.Contain(value).And.Contain(stored.PayloadId.ToString()));
    }

    [Test]
    public async Task Only_the_algorithm_of_a_signature_is_stored()
    {
        var stored = await Webhooks.StoreAsync(
            GitHub(
                "{}",
                ("X-Hub-Signature-256", "sha256=hunter2"),
                ("X-Hub-Signature", "sha1=hunter2"),
                ("Webhook-Signature", "v1,hunter2 v1,hunter3"),
                ("X-Gitlab-Instance", "https://x:hunter2@gitlab.com")),
            Token);

        Assert.That(
            await ScalarAsync("SELECT headers::jsonb::text FROM webhook_payloads WHERE id = $1", stored.PayloadId),
            Is.EqualTo(
                """{"x-hub-signature": "sha1", "webhook-signature": "v1", "x-gitlab-instance": "https://[redacted]@gitlab.com", "x-hub"""
                    + """-signature-256": "sha256"}"""));
    }

    [Test]
    public async Task A_repeated_header_is_joined_to_one_text()
    {
        var delivery = Unique("d");
        var stored = await Webhooks.StoreAsync(
            GitHub("{}") with
            {
                Headers = Json(
                    $$"""{"X-GitHub-Delivery":["{{delivery}}"],"User-Agent":["a","b"]"""
                    + $$""","Content-Length":12,"Content-Type":null,"X-GitHub-Event":"\ud800","Odd\u0000":"x"}"""),
            },
            Token);

        var headers = (await Webhooks.FindAsync(stored.PayloadId, Token))!.Headers;

        Assert.That(
            JsonElement.DeepEquals(headers, Json(
                $$"""{"x-github-delivery":"{{delivery}}","user-agent":"a, """
                    + $$"""b","content-length":"12","content-type":"","x-github-event":"\ufffd"}""")),
            Is.True,
            headers.GetRawText());
        Assert.That(
            (await Webhooks.StoreAsync(GitHub("{}", ("x-github-delivery", delivery)), Token)).PayloadId,
            Is.EqualTo(stored.PayloadId));
    }

    [TestCase("""{"x-github-event":{"authorization":"hunter2"}}""", ExpectedResult = "{}")]
    [TestCase("""{"x-github-event":[["hunter2"]],"a":[[[1e131000]]]}""", ExpectedResult = "{}")]
    [TestCase("""{"user-agent":1e131000}""", ExpectedResult = """{"user-agent": "1e131000"}""")]
    public async Task<string> A_header_value_of_another_form_is_not_stored(string headers)
    {
        var stored = await Webhooks.StoreAsync(GitHub("{}") with { Headers = Json(headers) }, Token);

        return (string)(await ScalarAsync("SELECT headers::jsonb::text FROM webhook_payloads WHERE id = $1", stored.PayloadId))!;
    }

    [TestCase("github", "X-GitHub-Delivery")]
    [TestCase("GitHub", "x-github-delivery")]
    [TestCase("gitlab", "X-Gitlab-Event-UUID")]
    [TestCase("gitlab", "Idempotency-Key")]
    [TestCase("bitbucket", "X-Request-UUID")]
    public async Task A_repeated_delivery_is_not_stored_again(string provider, string header)
    {
        var delivery = Unique("d");
        var deployment = await EnqueueAsync();
        var first = await Webhooks.StoreAsync(From(provider, (header.ToUpperInvariant(), delivery)), Token);

        Assert.That(
            await Webhooks.StoreAsync(From(provider, (header, delivery)), Token),
            Is.EqualTo(new WebhookStoreResult(WebhookStoreOutcome.Duplicate, first.PayloadId, null)));
        await Webhooks.AttachDeploymentAsync(first.PayloadId, deployment.Id, Token);
        Assert.That(
            await Webhooks.StoreAsync(From(provider, (header, delivery)), Token),
            Is.EqualTo(new WebhookStoreResult(WebhookStoreOutcome.Duplicate, first.PayloadId, deployment.Id)));
        Assert.That(
            (await Webhooks.StoreAsync(From(provider, (header, delivery + "x")), Token)).Outcome,
            Is.EqualTo(WebhookStoreOutcome.Stored));
        Assert.That(await CountAsync(delivery), Is.EqualTo(1));
    }

    [Test]
    public async Task Two_providers_may_use_the_same_delivery_id()
    {
        var delivery = Unique("d");
        (string, string)[] headers = [("X-GitHub-Delivery", delivery), ("Idempotency-Key", delivery), ("X-Request-UUID", delivery)];

        Assert.That((await Webhooks.StoreAsync(From("github", headers), Token)).Outcome, Is.EqualTo(WebhookStoreOutcome.Stored));
        Assert.That((await Webhooks.StoreAsync(From("gitlab", headers), Token)).Outcome, Is.EqualTo(WebhookStoreOutcome.Stored));
        Assert.That((await Webhooks.StoreAsync(From("bitbucket", headers), Token)).Outcome, Is.EqualTo(WebhookStoreOutcome.Stored));
    }

    [Test]
    public async Task GitLab_events_with_one_uuid_differ_by_their_key()
    {
        var chain = Unique("chain");

        var first = await Webhooks.StoreAsync(From("gitlab", ("X-Gitlab-Event-UUID", chain), ("Idempotency-Key", chain + "1")), Token);
        var second = await Webhooks.StoreAsync(From("gitlab", ("X-Gitlab-Event-UUID", chain), ("Idempotency-Key", chain + "2")), Token);
        var retry = await Webhooks.StoreAsync(From("gitlab", ("X-Gitlab-Event-UUID", chain), ("Idempotency-Key", chain + "2")), Token);

        Assert.That((first.Outcome, second.Outcome), Is.EqualTo((WebhookStoreOutcome.Stored, WebhookStoreOutcome.Stored)));
        Assert.That(retry, Is.EqualTo(second with { Outcome = WebhookStoreOutcome.Duplicate }));
    }

    [Test]
    public async Task Without_a_delivery_id_every_call_stores_a_row()
    {
        var blank = GitHub("{}") with { Headers = Json("""{"x-github-delivery":" "}""") };
        var none = GitHub("{}") with { Headers = Json("{}") };

        foreach (var payload in new[] { blank, blank, none, none })
        {
            Assert.That((await Webhooks.StoreAsync(payload, Token)).Outcome, Is.EqualTo(WebhookStoreOutcome.Stored));
        }
    }

    [Test]
    public async Task A_delivery_of_the_python_services_is_a_duplicate()
    {
        var delivery = Unique("d");
        var deployment = await EnqueueAsync();
        await AddPythonRowAsync(delivery, "2026-01-01", null);
        var second = await AddPythonRowAsync(delivery, "2026-01-02", deployment.Id);

        var again = await Webhooks.StoreAsync(GitHub("{}", ("X-GitHub-Delivery", delivery)), Token);

        Assert.That(again, Is.EqualTo(new WebhookStoreResult(WebhookStoreOutcome.Duplicate, second, deployment.Id)));
        var found = (await Webhooks.FindAsync(second, Token))!;
        Assert.That(found.Provider.Value, Is.EqualTo("GitHub"));
        Assert.That(found.ReceivedAt, Is.EqualTo(new DateTimeOffset(2026, 1, 2, 0, 0, 0, TimeSpan.Zero)));
    }

    [Test]
    public async Task Unusual_rows_of_other_programs_are_read()
    {
        var (escape, character) = columnType == "json" ? ("\\u0000\\ud800", "\uFFFD\uFFFD") : ("\\u0001", "\u0001");
        var id = Guid.CreateVersion7();
        var deep = string.Concat(Enumerable.Repeat('[', 3000)) + string.Concat(Enumerable.Repeat(']', 3000));
        await ExecuteAsync(
            $$"""INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at) VALUES ($1, 'github', """
                + $$"""$2::{{columnType}}, '{"a":1,"a":2}', now())""",
            id, $$"""{"odd":"{{escape}}","pair":"\ud83d\ude80","deep":{{deep}}}""");

        var found = (await Webhooks.FindAsync(id, Token))!;

        Assert.That(found.PayloadJson.GetProperty("odd").GetString(), Is.EqualTo(character));
        var page = await Webhooks.ListAsync(WebhookPayloadFilter.All, Cursor.Start, 1000, Token);
        Assert.That(page.Items, Has.Some.Property("Id").EqualTo(id));
    }

    [Test]
    public async Task Secrets_that_the_python_services_stored_are_not_shown()
    {
        var id = Guid.CreateVersion7();
        var (key, shown) = columnType == "json" ? ("odd\\u0000\\ud800", "odd\uFFFD\uFFFD") : ("odd", "odd");
        await ExecuteAsync(
            $$"""INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at) VALUES ($1, 'gitea', '{}', """
                + $$"""$2::{{columnType}}, now())""",
            id,
            $$"""{"user-agent": "x", "host": "hunter2", "authorization": "hunter2", "X-Hub-Signature-256": ["sha256=hunter2"]"""
                + $$""", "cookie": {"a": "hunter2"}, "{{key}}": [1]}""");

        var headers = (await Webhooks.FindAsync(id, Token))!.Headers;
        await ExecuteAsync("DELETE FROM webhook_payloads WHERE id = $1", id);

        Assert.That(
            JsonElement.DeepEquals(
                headers,
                Json(
                    $$"""{"user-agent":"x","host":"[redacted]","authorization":"[redacted]","X-Hub-Signature-256":"sha"""
                        + $$"""256","cookie":"[redacted]","{{shown}}":"[redacted]"}""")),
            Is.True, headers.GetRawText());
    }

    [Test]
    public async Task A_repeated_id_returns_its_row_unless_the_delivery_differs()
    {
        var payload = GitHub("{}", ("X-GitHub-Delivery", Unique("d"))) with { Id = Guid.CreateVersion7() };
        var none = GitHub("{}") with { Id = Guid.CreateVersion7(), Headers = Json("{}") };
        var stored = new WebhookStoreResult(WebhookStoreOutcome.Stored, payload.Id.Value, null);

        Assert.That(await Webhooks.StoreAsync(payload, Token), Is.EqualTo(stored));
        Assert.That(await Webhooks.StoreAsync(payload, Token), Is.EqualTo(stored));
        Assert.That((await Webhooks.StoreAsync(none, Token)).PayloadId, Is.EqualTo(none.Id));
        Assert.That((await Webhooks.StoreAsync(none, Token)).PayloadId, Is.EqualTo(none.Id));

        foreach (var other in new[]
        {
            payload with { Headers = Json($$"""{"x-github-delivery":"{{Unique("d")}}"}""") },
            payload with { Headers = Json("{}") },
            payload with { Provider = WebhookProvider.GitLab },
        })
        {
            Assert.That(
                () => Webhooks.StoreAsync(other, Token),
                Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("webhook_payloads_pkey"));
        }
    }

    [Test]
    public async Task Attach_records_the_first_deployment_and_keeps_it()
    {
        var stored = await Webhooks.StoreAsync(GitHub("{}"), Token);
        var deployment = await EnqueueAsync();
        var other = await EnqueueAsync();

        Assert.That(await Webhooks.AttachDeploymentAsync(stored.PayloadId, deployment.Id, Token), Is.EqualTo(AttachOutcome.Attached));
        Assert.That(await Webhooks.AttachDeploymentAsync(stored.PayloadId, deployment.Id, Token), Is.EqualTo(AttachOutcome.Attached));
        Assert.That(await Webhooks.AttachDeploymentAsync(stored.PayloadId, other.Id, Token), Is.EqualTo(AttachOutcome.OtherDeployment));
        Assert.That(await Webhooks.AttachDeploymentAsync(Guid.NewGuid(), deployment.Id, Token), Is.EqualTo(AttachOutcome.NotFound));
        Assert.That((await Webhooks.FindAsync(stored.PayloadId, Token))!.DeploymentId, Is.EqualTo(deployment.Id));

        await ExecuteAsync("DELETE FROM deployments WHERE id = $1", deployment.Id);
        Assert.That((await Webhooks.FindAsync(stored.PayloadId, Token))!.DeploymentId, Is.Null);
        Assert.That(
            () => Webhooks.AttachDeploymentAsync(stored.PayloadId, Guid.NewGuid(), Token),
            Throws.TypeOf<MissingReferenceException>().With.Property("Constraint").EqualTo("webhook_payloads_deployment_id_fkey"));
    }

    [Test]
    public async Task List_filters_and_pages_without_gaps_when_times_are_equal()
    {
        var time = new DateTime(2020, 1, 1);
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(await AddPythonRowAsync(Unique("d"), time.AddSeconds(i / 2).ToString("s"), null, i == 4 ? "gitlab" : "github"));
        }

        var deployment = await EnqueueAsync();
        await Webhooks.AttachDeploymentAsync(ids[1], deployment.Id, Token);
        var start = Cursor.After(Time.ToMicroseconds(new DateTimeOffset(2020, 2, 1, 0, 0, 0, TimeSpan.Zero)), Guid.Empty);
        var listed = await AllAsync(start);

        Assert.That(listed.Select(s => s.Id), Is.EqualTo([ids[4], ids[3], ids[2], ids[1], ids[0]]));
        Assert.That(listed[4], Is.EqualTo(listed[4] with { EventName = "push", DeploymentId = null }));
        Assert.That(listed[4].DeliveryId, Is.Not.Null);
        Assert.That(await IdsAsync(new WebhookPayloadFilter { Provider = WebhookProvider.GitLab }), Is.EqualTo([ids[4]]));
        Assert.That(await IdsAsync(new WebhookPayloadFilter { Provider = WebhookProvider.From("gitea'; --") }), Is.Empty);
        Assert.That(await IdsAsync(new WebhookPayloadFilter { DeploymentId = deployment.Id }), Is.EqualTo([ids[1]]));
        Assert.That(
            await IdsAsync(new WebhookPayloadFilter { DeploymentId = deployment.Id, Provider = WebhookProvider.From("GITHUB") }),
            Is.EqualTo([ids[1]]));
        Assert.That(await IdsAsync(new WebhookPayloadFilter { DeploymentId = deployment.Id, Provider = WebhookProvider.GitLab }), Is.Empty);
        Assert.That(await IdsAsync(new WebhookPayloadFilter { DeploymentId = Guid.NewGuid() }), Is.Empty);

        async Task<List<Guid>> IdsAsync(WebhookPayloadFilter filter) =>
            [.. (await Webhooks.ListAsync(filter, start, 1000, Token)).Items.Select(s => s.Id)];
    }

    [Test]
    public async Task List_pages_over_times_that_dotnet_cannot_represent()
    {
        string[] times =
        [
            "infinity", "infinity", "infinity", "20000-01-02", "20000-01-01", "20000-01-01", "0044-03-15 BC", "0044-03-15 BC", "-infinity",
        ];
        var ids = new HashSet<Guid>();
        foreach (var time in times)
        {
            ids.Add(await AddPythonRowAsync(Unique("d"), time, null));
        }

        var listed = (await AllAsync(Cursor.Start)).Select(s => s.Id).ToList();
        await ExecuteAsync("DELETE FROM webhook_payloads WHERE id = ANY ($1)", ids.ToArray());

        Assert.That(listed, Is.Unique);
        Assert.That(listed, Is.SupersetOf(ids));
    }

    [Test]
    public async Task A_page_continues_after_a_row_at_infinity_that_is_gone()
    {
        var deployment = await EnqueueAsync();
        for (var i = 0; i < 3; i++)
        {
            await AddPythonRowAsync(Unique("d"), "infinity", deployment.Id);
        }

        var filter = new WebhookPayloadFilter { DeploymentId = deployment.Id };
        var all = (await Webhooks.ListAsync(filter, Cursor.Start, 3, Token)).Items;
        var first = await Webhooks.ListAsync(filter, Cursor.Start, 1, Token);
        await ExecuteAsync("DELETE FROM webhook_payloads WHERE id = $1", first.Items[0].Id);

        var rest = await Webhooks.ListAsync(filter, first.Next!.Value, 3, Token);

        Assert.That(rest.Items, Is.EqualTo(all.Skip(1)));
    }

    [Test]
    public async Task Purge_removes_the_oldest_rows_and_skips_locked_rows()
    {
        var before = new DateTimeOffset(2010, 1, 6, 0, 0, 0, TimeSpan.Zero);
        var ids = new List<Guid>();
        for (var day = 1; day <= 6; day++)
        {
            ids.Add(await AddPythonRowAsync(Unique("d"), $"2010-01-0{day}", null));
        }

        await using (var connection = await Raw.OpenConnectionAsync(Token))
        await using (var transaction = await connection.BeginTransactionAsync(Token))
        {
            await using var hold = new NpgsqlCommand("SELECT 1 FROM webhook_payloads WHERE id = $1 FOR UPDATE", connection);
            hold.Parameters.Add(new NpgsqlParameter { Value = ids[0] });
            await hold.ExecuteNonQueryAsync(Token);

            Assert.That(await Webhooks.PurgeAsync(before, 2, Token), Is.EqualTo(2));
        }

        Assert.That(await LeftAsync(), Is.EqualTo(new[] { ids[0], ids[3], ids[4], ids[5] }));
        Assert.That(await Webhooks.PurgeAsync(before.ToOffset(TimeSpan.FromHours(5)), 1000, Token), Is.EqualTo(3));
        Assert.That(await Webhooks.PurgeAsync(before, 1000, Token), Is.Zero);
        Assert.That(await LeftAsync(), Is.EqualTo(new[] { ids[5] }));

        async Task<Guid[]> LeftAsync() =>
            (Guid[])(
                await ScalarAsync("SELECT array_agg(id ORDER BY received_at) FROM webhook_payloads WHERE id = ANY ($1)", ids.ToArray()))!;
    }

    [Test]
    public void Invalid_arguments_are_named()
    {
        var good = GitHub("{}");

        Assert.That(() => Webhooks.StoreAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Webhooks.StoreAsync(good with { Provider = default }, Token),
            Throws.ArgumentException.With.Message.Contains("github, gitlab, bitbucket"));
        Assert.That(
            () => Webhooks.StoreAsync(good with { PayloadJson = default }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("payload.PayloadJson"));
        Assert.That(
            () => Webhooks.StoreAsync(good with { Headers = default }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("payload.Headers"));
        Assert.That(() => Webhooks.StoreAsync(good with { Headers = Json("[]") }, Token), Throws.ArgumentException);
        var all = WebhookPayloadFilter.All;
        Assert.That(() => Webhooks.ListAsync(null!, Cursor.Start, 1, Token), Throws.ArgumentNullException);
        Assert.That(() => Webhooks.ListAsync(all, Cursor.Start, 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Webhooks.ListAsync(all, Cursor.Start, 1001, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => Webhooks.ListAsync(all, Cursor.After(Guid.Empty), 1, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("cursor"));
        Assert.That(() => Webhooks.PurgeAsync(DateTimeOffset.MinValue, 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_delivery_id_longer_than_the_maximum_is_ignored()
    {
        var id = Unique("d").PadRight(IWebhookPayloadRepository.MaxHeaderLength, 'x');

        var stored = await Webhooks.StoreAsync(GitHub("{}", ("x-github-delivery", id)), Token);

        Assert.That((await Webhooks.StoreAsync(GitHub("{}", ("x-github-delivery", id)), Token)).PayloadId, Is.EqualTo(stored.PayloadId));
        foreach (var _ in Enumerable.Range(0, 2))
        {
            Assert.That(
                (await Webhooks.StoreAsync(GitHub("{}", ("x-github-delivery", id + "x")), Token)).Outcome,
                Is.EqualTo(WebhookStoreOutcome.Stored));
        }
    }

    [Test]
    public async Task A_blank_delivery_id_is_ignored()
    {
        var payload = GitHub("{}", ("X-GitHub-Delivery", " ")) with { Id = Guid.CreateVersion7() };
        var stored = new WebhookStoreResult(WebhookStoreOutcome.Stored, payload.Id!.Value, null);
        Assert.That(await Webhooks.StoreAsync(payload, Token), Is.EqualTo(stored));
        Assert.That(await Webhooks.StoreAsync(payload, Token), Is.EqualTo(stored), "the same request");
        Assert.That((await Webhooks.StoreAsync(payload with { Id = null }, Token)).Outcome, Is.EqualTo(WebhookStoreOutcome.Stored));

        var chain = From("gitlab", ("Idempotency-Key", ""), ("X-Gitlab-Event-UUID", Unique("d")));
        Assert.That((await Webhooks.StoreAsync(chain, Token)).Outcome, Is.EqualTo(WebhookStoreOutcome.Stored));
        Assert.That((await Webhooks.StoreAsync(chain, Token)).Outcome, Is.EqualTo(WebhookStoreOutcome.Duplicate));
    }

    [Test]
    public async Task The_event_key_header_is_stored()
    {
        var stored = await Webhooks.StoreAsync(From("bitbucket", ("X-Request-UUID", Unique("d")), ("X-Event-Key", "repo:push")), Token);

        var listed = (await Webhooks.ListAsync(WebhookPayloadFilter.All, default, 1000, Token)).Items.Single(w => w.Id == stored.PayloadId);
        Assert.That(listed.EventName, Is.EqualTo("repo:push"));
    }

    [Test]
    public async Task A_default_cursor_is_the_start()
    {
        await Webhooks.StoreAsync(GitHub("{}"), Token);

        Assert.That((await Webhooks.ListAsync(WebhookPayloadFilter.All, default, 10, Token)).Items, Is.Not.Empty);
    }

    private static JsonElement Json(string text) => JsonElement.Parse(text);

    private static NewWebhookPayload GitHub(string json, params (string Name, string Value)[] headers) =>
        From("github", headers.Length == 0 ? [("x-github-delivery", Unique("d"))] : headers) with { PayloadJson = Json(json) };

    private static NewWebhookPayload From(string provider, params (string Name, string Value)[] headers) => new()
    {
        Provider = WebhookProvider.From(provider),
        PayloadJson = Json("{}"),
        Headers = JsonSerializer.SerializeToElement(headers.ToDictionary(h => h.Name, h => h.Value)),
    };

    private async Task<List<WebhookPayloadSummary>> AllAsync(Cursor start)
    {
        var listed = new List<WebhookPayloadSummary>();
        for (Cursor? cursor = start; cursor is { } place;)
        {
            var page = await Webhooks.ListAsync(WebhookPayloadFilter.All, place, 2, Token);
            listed.AddRange(page.Items);
            cursor = page.Next;
        }

        return listed;
    }

    private async Task<long> CountAsync(string delivery) =>
        (long)(await ScalarAsync("SELECT count(*) FROM webhook_payloads WHERE headers::text LIKE '%\"' || $1 || '\"%'", delivery))!;

    // As the Python services store it: every header in clear, names in lower case, no defaults of the server.
    private async Task<Guid> AddPythonRowAsync(string delivery, string receivedAt, Guid? deploymentId, string provider = "GitHub")
    {
        var id = Guid.Parse($"00000000-0000-4000-8000-{Interlocked.Increment(ref pythonRows):x12}");
        await ExecuteAsync(
            $"INSERT INTO webhook_payloads (received_at, headers, payload_json, provider, deployment_id, id) VALUES ('{receivedAt}', "
                + $"$1::{columnType}, '{{}}', $2, $3, $4)",
            $$"""{"host": "api", "x-github-delivery": "{{delivery}}", "x-github-event": "push"}""",
            provider,
            (object?)deploymentId ?? DBNull.Value,
            id);
        return id;
    }
}
