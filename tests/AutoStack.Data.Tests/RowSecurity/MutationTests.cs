using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using AutoStack.Data.Postgres;
using AutoStack.Data.Tests.Conventions;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>
/// Deletes the condition on the owner from each statement in turn, in the text that the executor sends. With row security, nothing of
/// another tenant is read or changed; without, each of the statements shows or changes it.
/// </summary>
/// <remarks>The texts are those of the process: no other fixture runs meanwhile.</remarks>
[NonParallelizable]
public sealed partial class MutationTests : RowSecurityTests
{
    // Statements whose condition may go without harm even where row security is off, because another part of the call holds.
    private static readonly Dictionary<string, string> HeldOtherwise = new()
    {
        ["SELECT u.id\nFROM users u\nWHERE u.id = @userId AND u.closed_at"] = "returns the id that it was given, of a closed account only",
        ["SELECT 1\nFROM users u"] = "locks a row, and returns nothing of it",
        ["SELECT 1\nFROM projects p"] = "locks a row, and returns nothing of it",
        ["AND @running))\n      AND d.user_id"] = "chooses what is cancelled once the new deployment is stored, with the condition",
        ["WHERE d.id = @newId AND d.project_id"] = "finds the deployment of a new id",
        ["WHERE d.id = @copyId AND o.id = @id"] = "finds the copy that the statement before has made, with the condition",
        ["FROM unnest(@ids::uuid[], @places::bigint[])"] = "reads the logs that a statement before has chosen, with the condition",
        ["SELECT l.seq, l.id\nFROM deployment_logs"] = "tells a follower where to read on; the lines have the condition, too",
        ["d.status::text IN"] = "the lines of a follower are a statement of their own, with the condition",
        ["WHERE p.id = @id AND p.user_id = @ownerId AND p.repository_path"] = "finds the project of a new id",
    };

    // Statements that name an owner, and that no call of this fixture sends.
    private static readonly Dictionary<string, string> NotSent = new()
    {
        ["WITH candidates AS MATERIALIZED"] = "the index of log-search, which is not used under row security",
        ["SELECT coalesce(pg_catalog.max(s.seq), @lastSeq)"] = "the index of log-search, which is not used under row security",
        ["SELECT f.seq, e.seq"] = "the index of log-search, which is not used under row security",
        ["public.health_check_hours("] = "the hours of the feature timescale",
        ["AND h.checked_at >= @since AND EXISTS"] = "the last day of checks, with the feature timescale",
        ["SET env_vars = @own"] = "follows a statement that has found the deployment, with the condition",
    };

    private static readonly ConcurrentDictionary<string, NumberedSql> Known = (ConcurrentDictionary<string, NumberedSql>)
        typeof(NumberedSql).GetField("Known", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;

    private Tenant me = null!;
    private Tenant other = null!;

    [Test]
    [CancelAfter(300_000)]
    public async Task Without_the_owner_condition_of_any_statement_nothing_of_another_tenant_is_read_or_changed()
    {
        Clock.AutoAdvanceAmount = TimeSpan.Zero;
        var sent = new List<(OwnerCall Call, string Expected, string[] Statements)>();
        await RenewAsync();
        foreach (var call in OwnerCalls.All)
        {
            var (outcome, texts) = await RecordAsync(call);
            sent.Add((call, outcome, texts));
            await RenewAfterAsync(call);
        }

        var leaks = new List<string>();
        var harmless = new List<string>();
        var statements = sent.SelectMany(one => one.Statements).Where(text => Owned().IsMatch(text)).Distinct().ToList();
        foreach (var statement in statements)
        {
            // Other tests make texts anew, which are further keys.
            var originals = Known.Where(known => known.Key == statement).ToList();
            originals.ForEach(original => Known[original.Key] = Mutated(original.Key));
            try
            {
                var shows = false;
                foreach (var (call, expected, _) in sent.Where(one => one.Statements.Contains(statement)))
                {
                    var guarded = await RunAsync(Guarded, call);
                    await RenewAfterAsync(call);
                    if (guarded != expected && !guarded.StartsWith("thrown", StringComparison.Ordinal))
                    {
                        leaks.Add($"{call.Name}: {statement}\n{expected}\n{guarded}");
                    }

                    if (!shows)
                    {
                        shows = await RunAsync(Plain, call) != expected;
                        await RenewAfterAsync(call);
                    }
                }

                if (!shows)
                {
                    harmless.Add(statement);
                }
            }
            finally
            {
                originals.ForEach(original => Known[original.Key] = original.Value);
            }
        }

        Assert.That(leaks, Is.Empty);
        Assert.That(
            harmless.Where(statement => !HeldOtherwise.Keys.Any(start => statement.Contains(start, StringComparison.Ordinal))), Is.Empty,
            "These show nothing of another tenant without row security either: the test proves nothing about them.");
        Assert.That(
            ShippedStatements.Statements.Where(text => text.Contains("@ownerId", StringComparison.Ordinal) && Owned().IsMatch(text))
                .Select(text => text.TrimEnd()).Except(statements.Select(text => text.TrimEnd()))
                .Where(text => !NotSent.Keys.Any(start => text.Contains(start, StringComparison.Ordinal))),
            Is.Empty,
            "No call sends these.");
    }

    // The mutated text has the same parameters.
    private static NumberedSql Mutated(string sql) => (NumberedSql)Activator.CreateInstance(
        typeof(NumberedSql),
        BindingFlags.NonPublic | BindingFlags.Instance,
        binder: null,
        [Owned().Replace(sql, match => match.Groups["name"].Success ? $"{match.Groups["name"].Value}::uuid IS NOT NULL" : "TRUE")],
        culture: null)!;

    private async Task RenewAsync()
    {
        (me, other) = (await Tenant.CreateAsync(Plain, Token), await Tenant.CreateAsync(Plain, Token));
        await ExecuteAsync(
            "UPDATE deployments SET status = 'success', is_production = TRUE, build_duration_seconds = 60 WHERE id IN ($1, $2)",
            me.EndedId,
            other.EndedId);

        // A follower of a log that ended a minute ago does not wait.
        Clock.Advance(TimeSpan.FromMinutes(1));
    }

    private Task RenewAfterAsync(OwnerCall call) => call.Writes ? RenewAsync() : Task.CompletedTask;

    private async Task<(string Outcome, string[] Texts)> RecordAsync(OwnerCall call)
    {
        var texts = new ConcurrentBag<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == AutoStackDataTelemetry.ActivitySourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = activity => texts.Add($"{activity.GetTagItem("db.query.text")}"),
        };
        ActivitySource.AddActivityListener(listener);
        var outcome = await RunAsync(Guarded, call);
        return (outcome, [.. Known.Keys.Where(sql => texts.Any(text => text.Split(";\n").Contains(sql)))]);
    }

    // What the caller sees, and whether the rows of the other tenant are as before; without what differs from call to call.
    private async Task<string> RunAsync(IServiceProvider services, OwnerCall call)
    {
        var before = call.Writes ? await RowsAsync() : "";
        string result;
        try
        {
            result = JsonSerializer.Serialize(await call.RunAsync(services, me, other, Token));
        }
        catch (Exception exception) when (exception is not AssertionException)
        {
            result = $"thrown: {exception.GetType().Name}";
        }

        var outcome = Varying().Replace(Named(result), "?");
        return call.Writes && await RowsAsync() != before ? $"changed: {outcome}" : outcome;
    }

    private string Named(string text) => text
        .Replace(me.User.Name, "mine", StringComparison.Ordinal)
        .Replace(other.User.Name, "other", StringComparison.Ordinal)
        .Replace($"{me.Id}", "my-id", StringComparison.Ordinal)
        .Replace($"{other.Id}", "other-id", StringComparison.Ordinal);

    private async Task<string> RowsAsync() => (string)(await ScalarAsync("""
        WITH own AS (SELECT d.id FROM deployments d WHERE d.user_id = $1 OR d.project_id = $2)
        SELECT string_agg(r, E'\n' ORDER BY r)
        FROM (
            SELECT u::text FROM users u WHERE u.id = $1
            UNION ALL SELECT f::text FROM user_preferences f WHERE f.user_id = $1
            UNION ALL SELECT g::text FROM github_connections g WHERE g.user_id = $1
            UNION ALL SELECT s::text FROM sessions s WHERE s.user_id = $1
            UNION ALL SELECT p::text FROM projects p WHERE p.user_id = $1 OR p.id = $2
            UNION ALL SELECT d::text FROM deployments d WHERE d.id IN (SELECT id FROM own)
            UNION ALL SELECT s::text FROM deployment_stages s WHERE s.deployment_id IN (SELECT id FROM own)
            UNION ALL SELECT l::text FROM deployment_leases l WHERE l.deployment_id IN (SELECT id FROM own)
            UNION ALL SELECT l::text FROM deployment_logs l WHERE l.deployment_id IN (SELECT id FROM own)
            UNION ALL SELECT l::text FROM deployment_runtime_logs l WHERE l.deployment_id IN (SELECT id FROM own)
            UNION ALL SELECT c::text FROM deployment_containers c WHERE c.deployment_id IN (SELECT id FROM own)
            UNION ALL SELECT h::text FROM deployment_health_checks h WHERE h.deployment_id IN (SELECT id FROM own)
        ) AS t (r)
        """, other.Id, other.ProjectId))!;

    // A comparison of a column with the owner, or with the owner of the row that an insert has met; not the look at a closed account.
    [GeneratedRegex(
        @"\b\w+\.(?:user_id|id) = (?:(?<name>@(?:ownerId|userId))\b|\(SELECT (?<name>@ownerId)::uuid\))(?! AND c\.closed_at)"
            + @"|\bp\.user_id = excluded\.user_id\b")]
    private static partial Regex Owned();

    // Ids and times; also in a cursor.
    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|2026-[0-9-]+T[0-9:.]+(?:Z|[+]00:00)|tenant-[0-9]+")]
    private static partial Regex Varying();
}
