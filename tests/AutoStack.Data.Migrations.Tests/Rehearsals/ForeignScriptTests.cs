using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Rehearsals;

/// <summary>Scripts of the kinds that queues, workflow engines and forums have: a rehearsal says what the upgrade does.</summary>
public sealed class ForeignScriptTests : MigrationTests
{
    // A queue: states as an enum that grows, a partial index on a new state, jobs claimed by it.
    private static readonly string[] Queue =
    [
        """
        CREATE TYPE job_state AS ENUM ('available', 'running', 'completed', 'discarded');
        CREATE TABLE job (
            id bigserial PRIMARY KEY,
            state job_state NOT NULL DEFAULT 'available',
            kind text NOT NULL,
            args jsonb NOT NULL DEFAULT '{}',
            finalized_at timestamptz,
            CONSTRAINT job_kind_check CHECK (char_length(kind) BETWEEN 1 AND 127)
        );
        CREATE INDEX job_state_kind_idx ON job (state, kind);
        """,
        "ALTER TYPE job_state ADD VALUE IF NOT EXISTS 'pending' AFTER 'discarded'",
        """
        ALTER TABLE job DROP CONSTRAINT IF EXISTS job_finalized_check;
        ALTER TABLE job ADD CONSTRAINT job_finalized_check CHECK (
            (finalized_at IS NULL AND state NOT IN ('completed', 'discarded'))
            OR (finalized_at IS NOT NULL AND state IN ('completed', 'discarded')) OR state = 'pending');
        """,
        "-- autostack: no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS job_pending_idx ON job (id) WHERE state = 'pending'",
    ];

    // A workflow engine: a partitioned event log, partitions made by a function, values added to an enum outside a transaction.
    private static readonly string[] Workflow =
    [
        """
        CREATE TYPE run_status AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED');
        CREATE TABLE run_event (
            tenant uuid NOT NULL,
            inserted_at timestamptz NOT NULL,
            id bigint GENERATED ALWAYS AS IDENTITY,
            status run_status NOT NULL,
            PRIMARY KEY (tenant, inserted_at, id)
        ) PARTITION BY RANGE (inserted_at);
        CREATE FUNCTION create_day_partition(parent text, day date) RETURNS void LANGUAGE plpgsql AS $body$
        DECLARE
            child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
        BEGIN
            IF to_regclass(child) IS NULL THEN
                EXECUTE format($sql$CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)$sql$, child, parent, day, day + 1);
            END IF;
        END
        $body$;
        SELECT create_day_partition('run_event', date '2026-01-01' + n) FROM generate_series(0, 2) n;
        """,
        "-- autostack: no-transaction\nALTER TYPE run_status ADD VALUE 'CANCELLED'",
        """
        CREATE TABLE run_event_archive (LIKE run_event INCLUDING ALL);
        ALTER TABLE run_event DETACH PARTITION run_event_20260101;
        ALTER TABLE run_event ATTACH PARTITION run_event_20260101 FOR VALUES FROM ('2026-01-01') TO ('2026-01-02');
        """,

        // A body that is parsed when it is created uses the value at once.
        """
        CREATE FUNCTION is_final(status run_status) RETURNS boolean LANGUAGE sql IMMUTABLE
        BEGIN ATOMIC
            SELECT status IN ('SUCCEEDED', 'CANCELLED');
        END;
        """,
        "CREATE INDEX run_event_final_idx ON run_event (tenant) WHERE is_final(status)",
    ];

    // A forum: functions with bodies and triggers that keep counts, a settings enum used as a default at once.
    private static readonly string[] Forum =
    [
        """
        CREATE TABLE post (id int PRIMARY KEY, community int NOT NULL, deleted boolean NOT NULL DEFAULT FALSE);
        CREATE TABLE post_count (community int PRIMARY KEY, posts bigint NOT NULL DEFAULT 0);
        CREATE FUNCTION count_post() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            -- it's; one statement
            INSERT INTO post_count AS c (community, posts) VALUES (NEW.community, 1)
            ON CONFLICT (community) DO UPDATE SET posts = c.posts + 1;
            RETURN NULL;
        END $$;
        CREATE TRIGGER post_count AFTER INSERT ON post FOR EACH ROW EXECUTE FUNCTION count_post();
        CREATE TYPE sort_order AS ENUM ('Active', 'Hot');
        CREATE TABLE local_user (id int PRIMARY KEY, sorting sort_order NOT NULL DEFAULT 'Active');
        """,
        "ALTER TYPE sort_order ADD VALUE 'Scaled'; ALTER TYPE sort_order ADD VALUE 'Controversial'",
        "ALTER TABLE local_user ALTER COLUMN sorting SET DEFAULT 'Scaled'",
        """
        CREATE OR REPLACE FUNCTION count_post() RETURNS trigger LANGUAGE plpgsql AS $count$
        BEGIN
            UPDATE post_count SET posts = posts + 1 WHERE community = NEW.community;
            RETURN NULL;
        END $count$;
        INSERT INTO post (id, community) VALUES (1, 1);
        """,
    ];

    private static IEnumerable<TestCaseData> Sets =>
    [
        new TestCaseData(Queue, 2).SetArgDisplayNames("queue"),
        new TestCaseData(Workflow, 3).SetArgDisplayNames("workflow"),
        new TestCaseData(Forum, 2).SetArgDisplayNames("forum"),
    ];

    [TestCaseSource(nameof(Sets))]
    public async Task A_rehearsal_ends_where_a_new_enum_value_is_used_and_the_upgrade_does_not(string[] texts, int rehearsed)
    {
        var scripts = Scripts(texts);

        // The type exists before the transaction: within the transaction that creates a type its new values may be used.
        await Migrator(scripts).UpgradeAsync(MigrationTarget.Version(1), cancellationToken: Token);
        var recorder = new Recorder();
        var report = await Migrator(scripts).RehearseUpgradeAsync(default, recorder, Token);
        var again = await Migrator(scripts).UpgradeAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Steps.Select(s => s.Outcome == RehearsalOutcome.CannotBeRehearsed),
                Is.EqualTo(Enumerable.Range(2, texts.Length - 1).Select(version => version > rehearsed)));
            Assert.That(report.EndedEarly, Does.StartWith($"From {rehearsed + 1:0000}_run_test.sql on").And.Contain("55P04"));
            Assert.That(recorder.Events.OfType<StepRehearsed>().Select(e => e.Step), Is.EqualTo(report.Steps));
            Assert.That(again.ToVersion, Is.EqualTo(texts.Length));
        }
    }

    [Test]
    public async Task The_console_reports_such_a_rehearsal_as_done_as_far_as_it_goes()
    {
        using var folder = new Workplace();
        await StartAtAsync(Head);
        Directory.CreateDirectory(Path.Combine(folder.Root, "jobs"));
        for (var n = 0; n < Queue.Length; n++)
        {
            await File.WriteAllTextAsync(Path.Combine(folder.Root, "jobs", $"{n + 1:0000}_run_test.sql"), Queue[n], Token);
            await File.WriteAllTextAsync(Path.Combine(folder.Root, "jobs", $"{n + 1:0000}_run_test.down.sql"), "SELECT 1", Token);
        }

        string[] set = ["--scripts", "jobs=jobs"];
        await RunAsync(["upgrade", "1", "--set", "jobs", .. set]);

        var text = await RunAsync(["upgrade", "--rehearse", "--yes", .. set]);
        var json = await RunAsync(["upgrade", "--rehearse", "--yes", "--json", .. set]);
        var copied = await RunAsync(["upgrade", "--rehearse", "--on-copy", .. set]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((text.Code, json.Code), Is.EqualTo((0, 0)), text.Error);
            Assert.That(text.Output, Does.Contain("cannot be rehearsed from here on")
                .And.Contain("jobs 1 → 4: 1 script rehearsed, 2 not, in"));
            Assert.That(json.Json.GetProperty("endedEarly").GetString(), Does.Contain("--on-copy"));
            Assert.That(json.Json.GetProperty("rehearsed").EnumerateArray().Select(s => s.GetProperty("way").GetString()),
                Is.EqualTo(new[] { "asWritten", "cannotBeRehearsed", "cannotBeRehearsed" }));
            Assert.That(copied.Code, Is.Zero, copied.Error);
            Assert.That(copied.Output, Does.Contain("jobs 1 → 4: 3 scripts in"));
        }

        Task<ConsoleRun> RunAsync(string[] args) =>
            ConsoleRun.StartAsync(args, directory: folder.Root, connection: ConnectionString, cancellationToken: Token);
    }

    [Test]
    public void A_script_that_uses_the_value_that_it_adds_itself_fails_in_both()
    {
        var scripts = Scripts("CREATE TYPE color AS ENUM ('red')",
            "ALTER TYPE color ADD VALUE 'blue'; CREATE TABLE paint (c color DEFAULT 'blue'); INSERT INTO paint DEFAULT VALUES");
        Assert.That(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token),
            Throws.TypeOf<MigrationException>().With.Message.Contains("55P04"));
        Assert.That(() => Migrator(scripts).RehearseUpgradeAsync(cancellationToken: Token),
            Throws.TypeOf<MigrationException>().With.Message.Contains("55P04"));
    }
}
