using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>
/// Each case changes a database without the journal, checks it, runs the statements of the check, and checks the database
/// again: what protects rows has no statement and stays.
/// </summary>
public sealed class DriftTests : MigrationTests
{
    // The change of the database and the messages of the check, in order.
    private static readonly (string Sql, string[] Messages)[] Drifts =
    [
        ("DROP INDEX idx_projects_user_id", ["Index projects.idx_projects_user_id is missing."]),
        ("DROP INDEX deployments_waiting_queue_place_id_idx; CREATE INDEX deployments_waiting_queue_place_id_idx ON deployments " +
            "(queue_place, id)",
            ["Index deployments.deployments_waiting_queue_place_id_idx is defined differently."]),
        ("ALTER INDEX idx_deployments_status RENAME TO ix_deployments_status",
            ["Index deployments.idx_deployments_status is missing; index ix_deployments_status is the same under another name."]),
        ("CREATE UNIQUE INDEX one_name ON projects (name)", ["Index projects.one_name is not part of the schema."]),
        ("DROP INDEX idx_users_email; CREATE INDEX idx_users_email ON projects (name)",
            ["Index projects.idx_users_email is not part of the schema.", "Index users.idx_users_email is missing."]),

        ("ALTER TABLE projects DROP COLUMN jenkins_job_name", ["Column projects.jenkins_job_name is missing."]),
        ("ALTER TABLE projects DROP COLUMN repository CASCADE",
            ["Column projects.repository is missing. Existing rows need a value.",
                "Trigger projects.projects_assign_repository_key is missing."]),
        ("ALTER TABLE users ADD \"Nick name\" text NOT NULL",
            ["Column users.Nick name is not part of the schema. Dropping it loses its data."]),
        ("ALTER TABLE users ADD nick text; DROP INDEX idx_users_email; CREATE INDEX idx_users_email ON users (email, nick)",
            ["Index users.idx_users_email is defined differently.",
                "Column users.nick is not part of the schema. Dropping it loses its data."]),
        ("ALTER TABLE users ALTER COLUMN name TYPE text", ["Column users.name is text instead of character varying(255)."]),
        ("ALTER TABLE users ALTER COLUMN email TYPE text",
            ["Column users.email is text instead of character varying(255).", "Index users.users_lower_email_key is defined differently."]),
        ("ALTER TABLE users ALTER COLUMN name TYPE varchar(255) COLLATE \"C\"",
            ["Column users.name is character varying(255) COLLATE \"C\" instead of character varying(255)."]),
        ("ALTER TABLE deployments ALTER COLUMN is_production DROP DEFAULT, ALTER COLUMN is_production TYPE text",
            ["Column deployments.is_production is text instead of boolean, lacks the default false."]),
        ("ALTER TABLE deployments ALTER COLUMN is_production TYPE text",
            ["Column deployments.is_production is text instead of boolean."]),
        ("ALTER TABLE deployment_logs ALTER COLUMN \"timestamp\" TYPE timestamptz",
            ["Column deployment_logs.timestamp is timestamp with time zone instead of timestamp without time zone."]),
        ("DROP TRIGGER deployment_logs_assign_seq ON deployment_logs; ALTER TABLE deployment_logs ALTER COLUMN seq TYPE numeric; " +
            "CREATE TRIGGER deployment_logs_assign_seq BEFORE INSERT ON deployment_logs FOR EACH ROW WHEN (NEW.seq IS NULL) EXECUTE " +
                "FUNCTION assign_log_seq('log_bytes')",
            ["Column deployment_logs.seq is numeric instead of bigint."]),
        ("ALTER TABLE webhook_payloads ALTER COLUMN headers TYPE json", ["Column webhook_payloads.headers is json instead of jsonb."]),
        ("ALTER TABLE deployments ALTER COLUMN status DROP DEFAULT",
            ["Column deployments.status lacks the default 'queued'::character varying."]),
        ("ALTER TABLE deployments ALTER COLUMN status SET DEFAULT 'pending'",
            ["Column deployments.status has the default 'pending'::character varying instead of 'queued'::character varying."]),
        ("ALTER TABLE users ALTER COLUMN avatar_url SET DEFAULT 'none'", ["Column users.avatar_url has the default 'none'::text."]),
        ("ALTER TABLE users ALTER COLUMN email DROP NOT NULL", ["Column users.email allows NULL."]),
        ("ALTER TABLE users ALTER COLUMN password_hash SET NOT NULL", ["Column users.password_hash refuses NULL."]),
        ("ALTER TABLE deployment_logs ALTER COLUMN seq SET NOT NULL, ALTER COLUMN seq ADD GENERATED ALWAYS AS IDENTITY",
            ["Column deployment_logs.seq is GENERATED ALWAYS AS IDENTITY."]),
        ("ALTER TABLE users DROP COLUMN avatar_url, ADD avatar_url text GENERATED ALWAYS AS (name || '.png') STORED",
            ["Column users.avatar_url is GENERATED ALWAYS AS (((name)::text || '.png'::text))."]),

        ("DROP EXTENSION \"uuid-ossp\" CASCADE",
        [
            "Extension uuid-ossp is missing.",
            .. Catalog.Newest.Objects
                .Where(o => o.Kind == SchemaObjectKind.Column && o.Column().Default == "public.uuid_generate_v4()")
                .Select(o => $"Column {o.Path} lacks the default public.uuid_generate_v4()."),
        ]),

        ("ALTER TABLE users DROP CONSTRAINT users_email_key", ["Constraint users.users_email_key is missing."]),
        ("ALTER TABLE users DROP CONSTRAINT users_email_key; CREATE UNIQUE INDEX ix_users_email ON users (email)",
            ["Constraint users.users_email_key is missing; index ix_users_email is the same under another name."]),
        ("ALTER TABLE users DROP CONSTRAINT users_email_key; CREATE INDEX users_email_key ON users (name)",
            ["Index users.users_email_key is not part of the schema.", "Constraint users.users_email_key is missing."]),
        ("ALTER TABLE sessions RENAME CONSTRAINT sessions_user_id_fkey TO fk_user",
            ["Constraint sessions.sessions_user_id_fkey is missing; constraint fk_user is the same under another name."]),
        ("ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE",
            ["Constraint users.users_pkey is missing.",
                .. Missing(o => o.Definition.Contains("REFERENCES public.users(", StringComparison.Ordinal))]),
        ("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) " +
            "REFERENCES users",
            ["Constraint sessions.sessions_user_id_fkey is defined differently. DELETE on users that it refuses now " +
            "is refused no longer, " +
                "and changes or deletes rows of sessions."]),
        ("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) " +
            "REFERENCES users ON DELETE CASCADE NOT VALID",
            ["Constraint sessions.sessions_user_id_fkey is not validated: older rows are unchecked."]),
        ("ALTER TABLE users DROP CONSTRAINT users_required_check, ADD CONSTRAINT users_required_check CHECK (created_at IS NOT NULL AND " +
            "updated_at IS NOT NULL) NOT VALID",
            ["Constraint users.users_required_check is not validated: older rows are unchecked."]),
        ("DO $$ DECLARE g name; BEGIN FOR g IN SELECT tgname FROM pg_trigger WHERE tgrelid = 'sessions'::regclass LOOP " +
            "EXECUTE format('ALTER TABLE sessions ENABLE REPLICA TRIGGER %I', g); END LOOP; END $$",
            ["Constraint sessions.sessions_user_id_fkey is disabled: its triggers are off, and rows may violate it."]),
        ("ALTER TABLE sessions DISABLE TRIGGER ALL",
            ["Constraint sessions.sessions_user_id_fkey is disabled: its triggers are off, and rows may violate it."]),
        ("ALTER TABLE projects ADD CONSTRAINT short CHECK (length(name) < 20)", ["Constraint projects.short is not part of the schema."]),
        ("ALTER TABLE deployment_logs ADD CONSTRAINT one_line UNIQUE USING INDEX deployment_logs_deployment_id_seq_key",
            ["Index deployment_logs.deployment_logs_deployment_id_seq_key is missing.",
                "Constraint deployment_logs.one_line is not part of the schema."]),

        ("CREATE OR REPLACE FUNCTION assign_log_seq() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.seq := 1; RETURN NEW; END'",
            ["Function assign_log_seq() is defined differently. What only the found body refuses is refused no longer " +
                "when it is replaced."]),
        ("DROP FUNCTION assign_log_seq() CASCADE", ["Function assign_log_seq() is missing.", .. Missing(IsNumbering)]),
        ("DROP FUNCTION assign_log_seq() CASCADE; CREATE FUNCTION assign_log_seq() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            ["Function assign_log_seq() is defined differently.", .. Missing(IsNumbering)]),
        ("DROP TRIGGER deployment_logs_assign_seq ON deployment_logs", ["Trigger deployment_logs.deployment_logs_assign_seq is missing."]),
        ("ALTER TABLE deployment_logs DISABLE TRIGGER deployment_logs_assign_seq",
            ["Trigger deployment_logs.deployment_logs_assign_seq is disabled."]),
        ("ALTER TABLE deployment_logs ENABLE REPLICA TRIGGER deployment_logs_assign_seq",
            ["Trigger deployment_logs.deployment_logs_assign_seq is defined differently."]),
        ("CREATE TRIGGER own AFTER INSERT ON deployment_logs FOR EACH ROW EXECUTE FUNCTION assign_log_seq()",
            ["Trigger deployment_logs.own is not part of the schema."]),
        ("CREATE RULE keep AS ON DELETE TO users DO INSTEAD NOTHING", ["Rule users.keep is not part of the schema."]),

        ("DROP TABLE deployment_health_checks",
            [.. Missing(o => o.Table == "deployment_health_checks" && o.Kind != SchemaObjectKind.Column)]),
        ("ALTER TABLE deployment_runtime_logs SET UNLOGGED", ["Table deployment_runtime_logs is unlogged."]),
        ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", ["Table users is under row level security."]),
    ];

    private static IEnumerable<TestCaseData> Cases =>
        Drifts.Select(drift => new TestCaseData(drift.Sql, drift.Messages).SetArgDisplayNames(drift.Sql));

    [TestCaseSource(nameof(Cases))]
    public async Task Drift_is_reported_and_its_statements_repair_it(string sql, string[] messages)
    {
        await StartAtAsync(Head);
        await ExecuteAsync(sql);

        var drift = await Migrator().CheckAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(drift.Differences.Select(d => d.Message), Is.EqualTo(messages));
            Assert.That(drift.Differences.Select(d => d.IsRemark), Is.All.False);
            Assert.That(drift.Differences.Where(d => d.LosesData).Select(d => d.Message),
                Is.EqualTo(messages.Where(m => m.Contains("loses", StringComparison.Ordinal))));
            Assert.That((drift.HasDrifted, drift.IsClean), Is.EqualTo((true, false)));
        }

        await RepairSchemaAsync(drift);
        await AssertOnlyLeftAsync([.. drift.Differences.Where(d => d.Protects).Select(d => d.Message)]);
    }

    // In the order of a check: tables, keys and checks, foreign keys, then indexes and triggers.
    private static IEnumerable<string> Missing(Func<CatalogObject, bool> which) => Catalog.Newest.Objects.Where(which)
        .OrderBy(o => o.Kind is SchemaObjectKind.Index or SchemaObjectKind.Trigger ? 3
            : o.Definition.StartsWith("FOREIGN KEY", StringComparison.Ordinal) ? 2
            : o.Kind == SchemaObjectKind.Constraint ? 1 : 0)
        .Select(o => $"{o.Kind} {o.Path} is missing.");

    private static bool IsNumbering(CatalogObject o) =>
        o.Kind == SchemaObjectKind.Trigger && o.Definition.Contains("public.assign_log_seq(", StringComparison.Ordinal);

    private async Task RepairSchemaAsync(SchemaCheckResult drift)
    {
        foreach (var statement in drift.Differences.SelectMany(d => d.Statements))
        {
            await ExecuteAsync(statement);
        }
    }

    private async Task AssertOnlyLeftAsync(IReadOnlyList<string> protecting)
    {
        var drift = await Migrator().CheckAsync(Token);
        Assert.That(drift.Differences.Where(d => !d.IsRemark).Select(d => d.Message), Is.EqualTo(protecting));
        Assert.That((drift.IsClean, drift.HasDrifted), Is.EqualTo((protecting.Count == 0, protecting.Count > 0)));
    }
}
