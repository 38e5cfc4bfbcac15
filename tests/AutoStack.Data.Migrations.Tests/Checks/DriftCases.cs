namespace AutoStack.Data.Migrations.Tests.Checks;

/// <summary>What the check must say of a drift.</summary>
public enum Expectation
{
    /// <summary>The proposed statements mend everything.</summary>
    Mended,

    /// <summary>No statement mends it: a <see cref="SchemaDifference.Obstacles"/> has the words.</summary>
    Obstacle,

    /// <summary>It is reported as protecting, without a statement.</summary>
    Protects,

    /// <summary>The statement is offered as one that loses data or security, and is not run.</summary>
    Loses,

    /// <summary>The statement that mends it is offered as one that loses data, and not security.</summary>
    LosesData,

    /// <summary>The statement that mends it is offered as one that loses security, and not data.</summary>
    LosesSecurity,

    /// <summary>It is a remark, or no difference at all.</summary>
    Remark,
}

/// <summary>A drift on a database with rows. Objects of operators are named own….</summary>
/// <param name="Sql">The statements that make it.</param>
/// <param name="Expected">What the check must say.</param>
/// <param name="Words">Words of the report.</param>
/// <param name="Version">The oldest server that knows the statements.</param>
public sealed record Drift(string Sql, Expectation Expected, string Words, int Version = 14)
{
    public override string ToString() => Sql;
}

/// <summary>The kinds of drift; those of settings and of the journal are in the second half.</summary>
internal static partial class DriftCases
{
    public static IEnumerable<Drift> All =>
        Indexes.Concat(Columns).Concat(Constraints).Concat(Functions).Concat(Tables).Concat(Others)
            .Concat(Conversions).Concat(Protection).Concat(StandIns).Concat(Unrunnable);

    private const string OwnState =
        "CREATE TYPE own_state AS ENUM ('starting', 'running', 'stopped'); ALTER TABLE deployment_containers " +
        "ALTER status DROP DEFAULT, ALTER status TYPE own_state USING status::own_state";

    private static readonly Drift[] Indexes =
    [
        new("DROP INDEX idx_projects_user_id", Expectation.Mended, "is missing"),
        new("ALTER INDEX idx_deployments_status RENAME TO own_status", Expectation.Mended, "the same under another name"),
        new("DROP INDEX idx_users_email; CREATE INDEX idx_users_email ON users (email, id)", Expectation.Mended, "defined differently"),
        new("DROP INDEX idx_deployments_status; CREATE UNIQUE INDEX idx_deployments_status ON deployments (id, status)",
            Expectation.Loses, "defined differently"),
        new("DROP INDEX users_lower_email_key; UPDATE users SET email = upper(email) WHERE name = 'Ada'; " +
            "INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com')",
            Expectation.Obstacle, "1 key of users that several rows have"),
        new("CREATE UNIQUE INDEX own_name ON projects (name, id)", Expectation.Protects, "own_name"),
        new("CREATE INDEX own_name ON projects (name)", Expectation.Remark, "own_name"),
        new("DROP INDEX idx_users_email; CREATE INDEX idx_users_email ON projects (name)", Expectation.Mended, "users.idx_users_email"),
        new("DROP INDEX idx_users_email; CREATE UNIQUE INDEX idx_users_email ON projects (id, name)",
            Expectation.Mended, "users.idx_users_email"),
        new("DROP INDEX idx_users_email; ALTER TABLE projects ADD CONSTRAINT idx_users_email UNIQUE (id, name)",
            Expectation.Mended, "users.idx_users_email"),
    ];

    private static readonly Drift[] Columns =
    [
        new("ALTER TABLE projects DROP COLUMN jenkins_job_name", Expectation.Mended, "is missing"),
        new("ALTER TABLE projects DROP COLUMN branch", Expectation.Mended, "is missing"),
        new("ALTER TABLE projects DROP COLUMN name", Expectation.Obstacle, "2 rows of projects without a value for name"),
        new("ALTER TABLE users ADD own_nick text; UPDATE users SET own_nick = name", Expectation.Loses, "Dropping it loses its data"),
        new("ALTER TABLE users ADD own_nick text UNIQUE", Expectation.Loses, "Dropping it loses its data"),
        new("ALTER TABLE projects RENAME build_command TO own_build", Expectation.Mended, "column own_build is the same"),
        new("ALTER TABLE users RENAME email TO own_email", Expectation.Mended, "column own_email is the same"),
        new("ALTER TABLE users RENAME id TO own_id", Expectation.Mended, "column own_id is the same"),
        new("ALTER TABLE projects RENAME env_vars_version TO \"own Version\"", Expectation.Mended, "column own Version is the same"),
        new("ALTER TABLE users RENAME github_id TO own_github; ALTER TABLE users RENAME google_id TO own_google",
            Expectation.Mended, "column own_google is the same"),
        new("ALTER TABLE deployments RENAME status TO own_status", Expectation.Mended, "column own_status is the same"),
        new("ALTER TABLE projects ADD own_job varchar(255); UPDATE projects SET own_job = 'job'; " +
            "ALTER TABLE projects DROP jenkins_job_name", Expectation.Obstacle, "jenkins_job_name may be own_job"),
        new("ALTER TABLE projects ADD own_job varchar(255); ANALYZE projects; ALTER TABLE projects DROP jenkins_job_name",
            Expectation.Loses, "jenkins_job_name is missing"),
        new("ALTER TABLE users ALTER name TYPE text", Expectation.Mended, "is text instead of"),
        new("ALTER TABLE users ALTER name TYPE text; UPDATE users SET name = repeat('x', 300) WHERE name = 'Ada'",
            Expectation.Obstacle, "1 row of users with a value in name that does not fit"),
        new("ALTER TABLE deployments ALTER is_production DROP DEFAULT, ALTER is_production TYPE text; " +
            "UPDATE deployments SET is_production = 'perhaps'", Expectation.Obstacle, "does not fit boolean", 16),
        new("ALTER TABLE deployments ALTER is_production DROP DEFAULT, ALTER is_production TYPE text", Expectation.Mended, "is text"),
        new(OwnState + "; " +
            "CREATE INDEX own_running ON deployment_containers (id) WHERE status = 'running'",
            Expectation.Obstacle, "own_running compares column deployment_containers.status"),
        new("ALTER TABLE deployments ALTER is_production DROP DEFAULT, ALTER is_production TYPE int USING 2",
            Expectation.LosesData, "The conversion changes values"),
        new("ALTER TABLE users ALTER name TYPE text; CREATE RULE own_rule AS ON UPDATE TO users WHERE old.name = 'x' DO INSTEAD NOTHING",
            Expectation.Obstacle, "The rule own_rule of table public.users uses column users.name"),
        new(OwnState, Expectation.Mended, "is public.own_state"),
        new("ALTER TABLE users ALTER name TYPE text; CREATE VIEW own_names AS SELECT name FROM users",
            Expectation.Obstacle, "The view public.own_names uses column users.name"),
        new("ALTER TABLE users ALTER name TYPE text; CREATE POLICY own_policy ON users USING (name <> '')",
            Expectation.Obstacle, "The policy own_policy uses column users.name"),
        new("ALTER TABLE users ALTER name TYPE text; " +
            "CREATE FUNCTION own_f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; " +
            "CREATE TRIGGER own_audit BEFORE UPDATE OF name ON users FOR EACH ROW EXECUTE FUNCTION own_f()",
            Expectation.Obstacle, "The trigger own_audit uses column users.name"),
        new("ALTER TABLE users ALTER name TYPE text; ALTER TABLE users ADD own_initial text GENERATED ALWAYS AS (left(name, 1)) STORED",
            Expectation.Obstacle, "The generated column own_initial uses column users.name"),
        new("DROP TRIGGER deployment_logs_assign_seq ON deployment_logs; ALTER TABLE deployment_logs ALTER seq TYPE numeric; " +
            "CREATE TRIGGER deployment_logs_assign_seq BEFORE INSERT ON deployment_logs FOR EACH ROW WHEN (NEW.seq IS NULL) " +
            "EXECUTE FUNCTION assign_log_seq('log_bytes')", Expectation.Mended, "is numeric instead of bigint"),
        new("ALTER TABLE deployment_containers ALTER port TYPE numeric; UPDATE deployment_containers SET port = 80.5",
            Expectation.Obstacle, "1 row of deployment_containers with a value in port that does not fit integer"),
        new("ALTER TABLE deployments ALTER status DROP DEFAULT", Expectation.Mended, "lacks the default"),
        new("ALTER TABLE deployments ALTER status SET DEFAULT 'pending'", Expectation.Mended, "instead of 'queued'"),
        new("ALTER TABLE users ALTER avatar_url SET DEFAULT 'none'", Expectation.Mended, "has the default"),
        new("ALTER TABLE users ALTER email DROP NOT NULL", Expectation.Mended, "allows NULL"),
        new("ALTER TABLE users ALTER email DROP NOT NULL; UPDATE users SET email = NULL WHERE name = 'Ada'",
            Expectation.Obstacle, "1 row of users without a value in email"),
        new("ALTER TABLE users ALTER name SET DEFAULT 'x', ALTER password_hash SET NOT NULL", Expectation.Loses, "refuses NULL"),
        new("ALTER TABLE deployment_logs ALTER seq SET NOT NULL, ALTER seq ADD GENERATED ALWAYS AS IDENTITY",
            Expectation.Mended, "IDENTITY"),
        new("ALTER TABLE users DROP COLUMN avatar_url, ADD avatar_url text GENERATED ALWAYS AS (name || '.png') STORED",
            Expectation.Mended, "is GENERATED"),
        new("ALTER TABLE users DROP COLUMN avatar_url, ADD avatar_url text GENERATED ALWAYS AS (name || '.png') VIRTUAL",
            Expectation.Obstacle, "generated when it is read", 18),
        new("ALTER TABLE deployment_logs ALTER \"timestamp\" TYPE timestamptz", Expectation.Mended, "with time zone"),
        new("ALTER TABLE webhook_payloads ALTER headers TYPE json", Expectation.Mended, "is json"),
        new("ALTER TABLE users ALTER name TYPE varchar(255) COLLATE \"C\"", Expectation.Mended, "COLLATE"),
        new("CREATE SCHEMA own; CREATE FUNCTION own.uuid_generate_v4() RETURNS uuid LANGUAGE sql AS 'SELECT NULL::uuid'; " +
            "ALTER TABLE users ALTER id SET DEFAULT own.uuid_generate_v4()", Expectation.Mended, "own.uuid_generate_v4() instead of"),
        new("ALTER TABLE users ALTER email DROP NOT NULL; ALTER TABLE users ADD CONSTRAINT own_required NOT NULL email NOT VALID",
            Expectation.Mended, "has a NOT NULL that is not validated", 18),
        new("ALTER TABLE users ALTER email DROP NOT NULL; UPDATE users SET email = NULL WHERE name = 'Ada'; " +
            "ALTER TABLE users ADD CONSTRAINT own_required NOT NULL email NOT VALID", Expectation.Obstacle, "without a value in email", 18),
    ];
}
