using AutoStack.Data.Analytics;
using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Analytics;

public sealed class PipelineQueriesTests : AnalyticsTests
{
    private IPipelineQueries Pipelines => Get<IPipelineQueries>();

    [Test]
    public async Task Latest_deployments_are_listed_newest_first_with_their_own_stages()
    {
        var (own, rows) = await AddWorldAsync(4, 120, Utc("2026-01-01"), Utc("2026-02-01"));
        string[] names = ["Queued", "cloning", "BUILDING"];
        var stages = rows.SelectMany(
            (row, i) => Enumerable.Range(0, i % 4).Select(n => (Row: row, Name: names[n], Seconds: i + n))).ToList();
        await ExecuteAsync(
            """
            INSERT INTO deployment_stages (id, deployment_id, stage_name, status, started_at, completed_at, created_at)
            SELECT gen_random_uuid(), deployment_id, stage_name, 'completed', '2026-01-01',
            '2026-01-01'::timestamp + seconds * interval '1 second',
                '2026-01-01'::timestamp + number * interval '1 second'
            FROM unnest($1::uuid[], $2::text[], $3::integer[]) WITH ORDINALITY c (deployment_id, stage_name, seconds, number)
            """,
            stages.ConvertAll(s => s.Row.Id), stages.ConvertAll(s => s.Name), stages.ConvertAll(s => s.Seconds));
        var expected = rows.Where(r => r.OwnerId == own[0].UserId && !r.IsDeleted)
            .OrderByDescending(r => r.CreatedAt).ThenByDescending(r => r.Id.ToString(), StringComparer.Ordinal).ToList();

        foreach (var limit in new[] { 1, 7, IPipelineQueries.MaxListSize })
        {
            var list = await Pipelines.ListLatestAsync(own[0].UserId, limit, Token);

            Assert.That(list.Select(d => (d.DeploymentId, d.ProjectId, d.Status.Value, d.CreatedAt)),
                Is.EqualTo(expected.Take(limit).Select(r => (r.Id, r.ProjectId, r.Status, r.CreatedAt))));
            Assert.That(list.Select(d => d.Stages.Select(s => (s.Name.Value, s.DurationSeconds))),
                Is.EqualTo(expected.Take(limit).Select(r => stages.Where(s => s.Row == r).Select(s => (s.Name, (double?)s.Seconds)))));
        }

        var one = (await Pipelines.ListLatestAsync(own[0].UserId, 1, Token))[0];
        var found = (await Pipelines.FindAsync(one.DeploymentId, own[0].UserId, Token))!;
        Assert.That(found with { Stages = [] }, Is.EqualTo(one with { Stages = [] }));
        Assert.That(found.Stages, Is.EqualTo(one.Stages));
    }

    // Deployment: status, completed_at. Stage: status, started_at, completed_at. Then the seconds of the stage.
    [TestCase("success", "00:10:00", "completed", "00:01:00", "00:01:30.5", 30.5)]
    [TestCase("building", null, "completed", "00:01:00", "00:01:30.5", 30.5)]
    [TestCase("building", null, "in_progress", "00:01:00", null, 3540.0, Description = "runs: up to now")]
    [TestCase("Deploying", null, "odd", "00:01:00", null, 3540.0, Description = "statuses of other writers")]
    [TestCase(
        "success", "00:10:00", "in_progress", "00:01:00", null, 540.0, Description = "left open by a crash: the end of the deployment")]
    [TestCase("FAILED", "00:10:00", "IN_PROGRESS", "00:01:00", null, 540.0)]
    [TestCase("cancelled", null, "in_progress", "00:01:00", null, null, Description = "over, nobody knows since when")]
    [TestCase("building", null, "Completed", "00:01:00", null, null, Description = "the stage is over, nobody knows since when")]
    [TestCase("failed", "00:10:00", "failed", "00:01:00", null, null)]
    [TestCase("cancelled", "00:10:00", "cancelled", "00:01:00", null, null)]
    [TestCase("building", null, "pending", null, null, null)]
    [TestCase("success", "00:10:00", "completed", "00:02:00", "00:01:00", 0.0, Description = "clocks that disagree")]
    [TestCase("building", null, "in_progress", "02:00:00", null, 0.0)]
    [TestCase("success", "00:01:00", "in_progress", "00:02:00", null, 0.0)]
    public async Task A_stage_lasts_until_its_own_or_its_deployments_end(
        string status, string? completedAt, string stageStatus, string? stageStartedAt, string? stageCompletedAt, double? seconds)
    {
        if (Clock.GetUtcNow() < Utc("2026-05-01T01:00:00Z"))
        {
            Clock.SetUtcNow(Utc("2026-05-01T01:00:00Z"));
        }

        var deployment = await EnqueueAsync();
        await ExecuteAsync("DELETE FROM deployment_stages WHERE deployment_id = $1", deployment.Id);
        await ExecuteAsync(
            "UPDATE deployments SET status = $2, started_at = '2026-05-01', completed_at = $3::timestamp WHERE id = $1",
            deployment.Id,
            status,
            At(completedAt));
        await ExecuteAsync(
            """
            INSERT INTO deployment_stages (id, deployment_id, stage_name, status, started_at, completed_at, created_at)
            VALUES (gen_random_uuid(), $1, 'Building', $2, $3::timestamp, $4::timestamp, '2026-05-01')
            """, deployment.Id, stageStatus, At(stageStartedAt), At(stageCompletedAt));

        var found = (await Pipelines.FindAsync(deployment.Id, deployment.UserId, Token))!;

        var stage = found.Stages.Single();
        Assert.That(
            (stage.Name, stage.Status, stage.DurationSeconds),
            Is.EqualTo((StageName.Building, StageStatus.From(stageStatus), seconds)));
        Assert.That(stage.StartedAt, Is.EqualTo(Moment(stageStartedAt)));
        Assert.That(stage.CompletedAt, Is.EqualTo(Moment(stageCompletedAt)));
        Assert.That(found.DurationSeconds, Is.EqualTo(
            completedAt is not null ? TimeSpan.Parse(completedAt, null).TotalSeconds : found.Status.IsFinished ? null : 3600.0));

        static object At(string? time) => time is null ? DBNull.Value : $"2026-05-01 {time}";

        static DateTimeOffset? Moment(string? time) => time is null ? null : Utc($"2026-05-01T{time}Z");
    }

    [Test]
    public async Task A_waiting_deployment_has_no_duration_and_may_have_no_stages()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync("DELETE FROM deployment_stages WHERE deployment_id = $1", deployment.Id);

        var listed = (await Pipelines.ListLatestAsync(deployment.UserId, 10, Token)).Single();

        Assert.That((listed.DeploymentId, listed.DurationSeconds), Is.EqualTo((deployment.Id, (double?)null)));
        Assert.That(listed.Stages, Is.Empty);
    }

    [Test]
    public async Task At_most_a_hundred_stages_are_listed()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployment_stages (id, deployment_id, stage_name, status, created_at)
            SELECT gen_random_uuid(), $1, 'odd ' || n, 'pending', '2030-01-01'
            FROM generate_series(1, 150) n
            """, deployment.Id);

        Assert.That((await Pipelines.FindAsync(deployment.Id, deployment.UserId, Token))!.Stages, Has.Count.EqualTo(100));
    }

    [Test]
    public async Task Deleted_and_foreign_deployments_are_not_found_and_invalid_limits_refused()
    {
        var deployment = await EnqueueAsync();
        var stranger = await AddUserAsync();

        Assert.That(await Pipelines.FindAsync(deployment.Id, stranger.Id, Token), Is.Null);
        Assert.That(await Pipelines.ListLatestAsync(stranger.Id, 10, Token), Is.Empty);
        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(await Pipelines.FindAsync(deployment.Id, deployment.UserId, Token), Is.Null);
        Assert.That(await Pipelines.ListLatestAsync(deployment.UserId, 10, Token), Is.Empty);
        foreach (var limit in new[] { 0, -1, IPipelineQueries.MaxListSize + 1, int.MaxValue })
        {
            Assert.That(
                () => Pipelines.ListLatestAsync(deployment.UserId, limit, Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("limit"));
        }
    }


    [Test]
    public async Task Stages_are_ordered_by_step_however_they_were_planned()
    {
        var deployment = await EnqueueAsync();
        await PlatformStages.PlanAsync(deployment.Id, [StageName.Cloning, StageName.Building, StageName.Deploying], Token);
        await ExecuteAsync("UPDATE deployments SET status = 'cloning', started_at = created_at WHERE id = $1", deployment.Id);
        await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Checkout, Token);
        await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Building, Token);
        await Lifecycle.AdvanceAsync(deployment.Id, DeploymentStatus.Copying, Token);
        await ExecuteAsync(
            "INSERT INTO deployment_stages (id, deployment_id, stage_name, started_at, created_at) VALUES (gen_random_uuid(), $1, "
                + "'Late', '2031-01-01', '2001-01-01')",
            deployment.Id);
        await ExecuteAsync(
            "INSERT INTO deployment_stages (id, deployment_id, stage_name, started_at, created_at) VALUES (gen_random_uuid(), $1, "
                + "'Early', '2030-01-01', '2002-01-01')",
            deployment.Id);

        var names = (await Pipelines.FindAsync(deployment.Id, deployment.UserId, Token))!.Stages.Select(s => s.Name.Value).ToList();

        Assert.That(names, Is.EqualTo(["queued", "cloning", "checkout", "building", "copying", "deploying", "Early", "Late"]));
        Assert.That(
            (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Select(s => s.Name.Value),
            Is.EqualTo(names));
        Assert.That((await Pipelines.ListLatestAsync(deployment.UserId, 1, Token))[0].Stages.Select(s => s.Name.Value), Is.EqualTo(names));
    }
}
