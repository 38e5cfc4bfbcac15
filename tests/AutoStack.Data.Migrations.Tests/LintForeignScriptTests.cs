using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>
/// Scripts of the kinds that other projects have: a queue whose states are an enum, partitions by month, functions with bodies, a dump.
/// The clean ones run on the server, one transaction each, and what the lint calls impossible fails there.
/// </summary>
public sealed class LintForeignScriptTests : MigrationTests
{
    private const string Alone = LintTests.Alone;

    private static readonly string[] Queue =
    [
        """
        CREATE TYPE job_state AS ENUM ('available', 'running', 'completed');
        CREATE TABLE jobs (
            id BIGINT GENERATED ALWAYS AS IDENTITY CONSTRAINT jobs_pkey PRIMARY KEY,
            state job_state NOT NULL DEFAULT 'available',
            queue TEXT NOT NULL,
            scheduled_at TIMESTAMPTZ NOT NULL DEFAULT now(),
            CONSTRAINT jobs_queue_check CHECK (char_length(queue) BETWEEN 1 AND 100)
        );
        CREATE FUNCTION notify_jobs() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            IF NEW.state = 'available' THEN
                PERFORM pg_notify('jobs', NEW.queue);
            END IF;
            RETURN NULL;
        END
        $$;
        CREATE TRIGGER jobs_notify AFTER INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION notify_jobs();
        """,
        "ALTER TYPE job_state ADD VALUE IF NOT EXISTS 'pending' BEFORE 'available';",
        Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_pending_idx ON jobs (scheduled_at) WHERE state = 'pending';",
        """
        ALTER TABLE jobs ADD COLUMN metadata JSONB NOT NULL DEFAULT jsonb_build_object('v', 1);
        ALTER TABLE jobs ADD CONSTRAINT jobs_metadata_check CHECK (jsonb_typeof(metadata) = 'object') NOT VALID;
        """,
        "ALTER TABLE jobs VALIDATE CONSTRAINT jobs_metadata_check;",
    ];

    private static readonly string[] Partitions =
    [
        """
        CREATE TABLE metrics (host TEXT NOT NULL, at DATE NOT NULL, value NUMERIC(12, 3)) PARTITION BY RANGE (at);
        DO $$
        DECLARE
            month DATE;
        BEGIN
            FOR month IN SELECT generate_series('2026-01-01'::date, '2026-02-01', interval '1 month') LOOP
                EXECUTE format('CREATE TABLE %I PARTITION OF metrics FOR VALUES FROM (%L) TO (%L)',
                    'metrics_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month');
            END LOOP;
        END
        $$;
        """,
        "CREATE INDEX metrics_host_idx ON ONLY metrics (host);",
        Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS metrics_2026_01_host_idx ON metrics_2026_01 (host);",
        "ALTER INDEX metrics_host_idx ATTACH PARTITION metrics_2026_01_host_idx;",
        """
        CREATE TABLE metrics_2026_03 (LIKE metrics);
        ALTER TABLE metrics ATTACH PARTITION metrics_2026_03 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01');
        """,
        """
        CREATE TABLE imported (host TEXT NOT NULL, at DATE NOT NULL, value NUMERIC(12, 3));
        ALTER TABLE imported ADD CONSTRAINT imported_at_check CHECK (at >= '2026-04-01' AND at < '2026-05-01') NOT VALID;
        """,
        "ALTER TABLE imported VALIDATE CONSTRAINT imported_at_check;",
        "ALTER TABLE metrics ATTACH PARTITION imported FOR VALUES FROM ('2026-04-01') TO ('2026-05-01');",
        Alone + "ALTER TABLE metrics DETACH PARTITION metrics_2026_01 CONCURRENTLY;",
    ];

    private static readonly string[] Functions =
    [
        """
        CREATE TABLE posts (id INT CONSTRAINT posts_pkey PRIMARY KEY, score INT NOT NULL DEFAULT 0, published TIMESTAMPTZ DEFAULT now());
        CREATE TABLE votes (post_id INT CONSTRAINT votes_post_id_fkey REFERENCES posts (id) ON DELETE CASCADE, score INT NOT NULL);
        CREATE INDEX votes_post_id_idx ON votes (post_id);
        CREATE FUNCTION hot_rank(score INT, published TIMESTAMPTZ) RETURNS INT LANGUAGE plpgsql IMMUTABLE AS $$
        DECLARE
            hours NUMERIC := extract(epoch FROM ('2026-01-01 00:00:00+00'::timestamptz - published)) / 3600;
        BEGIN
            RETURN floor(10000 * log(greatest(1, score + 3)) / power((abs(hours) + 2), 1.8))::int;
        END;
        $$;
        CREATE FUNCTION count_vote() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        BEGIN
            UPDATE public.posts SET score = score + NEW.score WHERE id = NEW.post_id;
            RETURN NULL;
        END $$;
        REVOKE ALL ON FUNCTION count_vote() FROM PUBLIC;
        CREATE TRIGGER votes_count AFTER INSERT ON votes FOR EACH ROW EXECUTE FUNCTION count_vote();
        CREATE VIEW hot_posts AS SELECT id, hot_rank(score, published) AS rank FROM posts;
        """,
        """
        DROP VIEW hot_posts;
        DROP FUNCTION hot_rank(INT, TIMESTAMPTZ);
        CREATE FUNCTION hot_rank(score NUMERIC, published TIMESTAMPTZ) RETURNS FLOAT LANGUAGE sql IMMUTABLE
        BEGIN ATOMIC
            SELECT CASE WHEN score > 0 THEN ln(score) ELSE 0 END;
        END;
        CREATE VIEW hot_posts AS SELECT id, hot_rank(score, published) AS rank FROM posts;
        """,
        """
        DROP TRIGGER votes_count ON votes;
        CREATE TRIGGER votes_count AFTER INSERT OR UPDATE ON votes FOR EACH ROW EXECUTE FUNCTION count_vote();
        """,
        "ALTER TABLE posts ADD CONSTRAINT posts_published_check CHECK (published IS NOT NULL) NOT VALID;",
        """
        ALTER TABLE posts VALIDATE CONSTRAINT posts_published_check;
        ALTER TABLE posts ALTER COLUMN published SET NOT NULL;
        ALTER TABLE posts DROP CONSTRAINT posts_published_check;
        """,
    ];

    private static IEnumerable<TestCaseData> Sets =>
    [
        new TestCaseData(new object[] { Queue }).SetArgDisplayNames("queue"),
        new TestCaseData(new object[] { Partitions }).SetArgDisplayNames("partitions"),
        new TestCaseData(new object[] { Functions }).SetArgDisplayNames("functions"),
    ];

    [TestCaseSource(nameof(Sets))]
    public async Task A_clean_set_has_no_finding_and_runs(string[] scripts)
    {
        Assert.That(Findings(scripts), Is.Empty);

        foreach (var script in scripts)
        {
            await RunAsync(script);
        }
    }

    [Test]
    public void A_queue_that_blocks_is_reported() =>
        Assert.That(Findings([Queue[0], """
            ALTER TYPE job_state ADD VALUE 'pending';
            CREATE INDEX jobs_pending_idx ON jobs (scheduled_at) WHERE state = 'pending';
            ALTER TABLE jobs ADD COLUMN unique_key UUID NOT NULL DEFAULT gen_random_uuid();
            DO $$
            BEGIN
                IF EXISTS (SELECT FROM jobs) THEN
                    UPDATE jobs SET queue = lower(queue);
                END IF;
            END $$;
            ALTER TABLE jobs DROP CONSTRAINT jobs_queue_check;
            """]),
            Is.EqualTo(new[]
            {
                "2:2 blocking-index", "2:2 enum-value-used", "2:3 volatile-default", "2:7 whole-table-write", "2:10 drop-constraint",
            }));

    [Test]
    public void Partitions_that_block_are_reported() =>
        Assert.That(Findings([.. Partitions[..1], """
            CREATE INDEX metrics_at_idx ON metrics (at);
            ALTER TABLE metrics DETACH PARTITION metrics_2026_01;
            ALTER TABLE metrics ATTACH PARTITION old_metrics DEFAULT;
            DO $$
            DECLARE old TEXT;
            BEGIN
                FOR old IN SELECT relname FROM pg_class WHERE relname LIKE 'metrics\_2025%' LOOP
                    EXECUTE format('DROP TABLE %I', old);
                END LOOP;
            END $$;
            """, Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS metrics_at_idx ON metrics (at)"]),
            Is.EqualTo(new[]
            {
                "2:1 partitioned-index", "2:2 detach-partition", "2:3 attach-partition", "2:8 drop-table", "3:2 partitioned-index",
            }));

    [Test]
    public void A_dump_is_reported_line_by_line() =>
        Assert.That(Findings([Functions[0], """
            \restrict dR4sx
            SET statement_timeout = 0;
            SELECT pg_catalog.set_config('search_path', '', false);
            CREATE FUNCTION public.purge() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ DELETE FROM posts; $$;
            ALTER TABLE public.posts DISABLE TRIGGER ALL;
            COPY public.posts (id, score) FROM stdin;
            1	it's; LOCK
            \.
            GRANT SELECT ON TABLE public.posts TO PUBLIC;
            COMMIT;
            \unrestrict dR4sx
            """]),
            Is.EqualTo(new[]
            {
                "2:1 psql-command", "2:2 session-setting", "2:3 session-setting", "2:4 definer-search-path", "2:4 definer-public",
                "2:5 protection-off", "2:6 copy-data", "2:9 grant-public", "2:10 transaction-control", "2:11 psql-command",
            }));

    [TestCase("enum-value-used", "ALTER TYPE job_state ADD VALUE 'late'; UPDATE jobs SET state = 'late' WHERE id = 1")]
    [TestCase("partitioned-index", Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON metrics (at)")]
    [TestCase("psql-command", "\\restrict abc\nSELECT 1")]
    [TestCase("copy-data", "COPY jobs (queue) FROM stdin;\nmail\n\\.\n")]
    [TestCase("fails-in-transaction", "VACUUM jobs")]
    [TestCase("select-into", "SELECT id INTO copied FROM jobs")]
    [TestCase("transaction-control", "BEGIN; SELECT 1; COMMIT")]
    [TestCase("alter-system", "ALTER SYSTEM SET work_mem = '8MB'")]
    [TestCase("concurrently-in-transaction", "ALTER TABLE metrics DETACH PARTITION metrics_2026_02 CONCURRENTLY")]
    [TestCase("transaction-control", "DO $$ BEGIN COMMIT; END $$")]
    public async Task What_can_never_run_fails_on_the_server(string rule, string script)
    {
        await RunAsync(Queue[0]);
        await RunAsync(Partitions[0]);

        Assert.That(Findings([Queue[0], Partitions[0], script]).Select(finding => finding.Split(' ')[1]), Does.Contain(rule));
        Assert.That(() => RunAsync(script), Throws.InstanceOf<Exception>());
    }

    private static IEnumerable<string> Findings(string[] scripts)
    {
        var files = scripts.SelectMany((script, at) => new[]
        {
            KeyValuePair.Create($"{at + 1:0000}_run_test.sql", script),
            KeyValuePair.Create($"{at + 1:0000}_run_test.down.sql", LintTests.AnyDown),
        });
        var set = new ScriptFolder(files);
        return set.FileNames.SelectMany(set.Lint)
            .Select(finding => $"{finding.File[..4].TrimStart('0')}:{finding.Line} {finding.Rule.Id}");
    }

    // As the migrator runs a script: in a transaction, by EXECUTE, unless its header says otherwise.
    private async Task RunAsync(string script)
    {
        await using var command = Raw.CreateCommand(script.StartsWith(Alone, StringComparison.Ordinal)
            ? script : $"DO $run$ BEGIN EXECUTE $script${script}\n$script$; END $run$");
        await command.ExecuteNonQueryAsync(Token);
    }
}
