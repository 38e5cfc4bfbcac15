namespace AutoStack.Data.Migrations.Tests.Checks;

/// <summary>Drift whose statement would change values, end a protection, fill up a table beside the real one, or fail.</summary>
internal static partial class DriftCases
{
    private const string Changes = "The conversion changes values";

    private static readonly Drift[] Conversions =
    [
        new(
            "ALTER TABLE users ALTER email_verified DROP DEFAULT, ALTER email_verified TYPE integer USING 7",
            Expectation.LosesData, Changes),
        new("ALTER TABLE sessions ALTER expires_at TYPE text USING '2026-01-01 10:00:00+05'", Expectation.LosesData, Changes),
        new("ALTER TABLE sessions ALTER expires_at TYPE text USING '2026-01-01 10:00:00.123456789'", Expectation.LosesData, Changes),
        new("ALTER TABLE sessions ALTER expires_at TYPE text USING '2026-01-01 10:00:00.123456'",
            Expectation.Mended, "is text instead of timestamp"),
        new("ALTER TABLE webhook_payloads ALTER headers TYPE json USING '{\"b\":1.50,\"a\":1,\"a\":2}'", Expectation.LosesData, Changes),
        new("ALTER TABLE users ALTER avatar_url TYPE bytea USING 'ab'", Expectation.LosesData, "is not proven"),
        new("ALTER TABLE users ALTER name TYPE text; UPDATE users SET name = rpad(name, 300)",
            Expectation.Obstacle, "2 rows of users with a value in name that does not fit"),
        new("ALTER TABLE deployment_containers ALTER port TYPE smallint", Expectation.Mended, "is smallint instead of integer"),
        new("ALTER TABLE deployment_containers ALTER port TYPE numeric USING 80.0", Expectation.LosesData, Changes),
        new("ALTER TABLE users ALTER name TYPE varchar(100)", Expectation.Mended, "is character varying(100) instead of"),
        new("CREATE TYPE own_pair AS (a int, b int); ALTER TABLE users ALTER avatar_url TYPE own_pair USING (1, 2)::own_pair",
            Expectation.LosesData, "is not proven"),
    ];

    private static readonly Drift[] Protection =
    [
        new("CREATE DOMAIN own_url AS text CHECK (VALUE LIKE 'http%'); ALTER TABLE users ALTER avatar_url TYPE own_url",
            Expectation.LosesSecurity, "What its domain refuses"),
        new("CREATE DOMAIN own_name AS varchar(255) NOT NULL; CREATE DOMAIN own_name2 AS own_name; " +
            "ALTER TABLE users ALTER name TYPE own_name2", Expectation.LosesSecurity, "What its domain refuses"),
        new(
            "CREATE DOMAIN own_url AS text; ALTER TABLE users ALTER avatar_url TYPE own_url",
            Expectation.Mended, "own_url instead of text"),
        new("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) " +
            "REFERENCES users ON DELETE RESTRICT", Expectation.LosesSecurity, "DELETE on users that it refuses now"),
        new("ALTER TABLE webhook_payloads DROP CONSTRAINT webhook_payloads_deployment_id_fkey, ADD CONSTRAINT " +
            "webhook_payloads_deployment_id_fkey FOREIGN KEY (deployment_id) REFERENCES deployments",
            Expectation.LosesSecurity, "changes or deletes rows of webhook_payloads"),
        new("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey, ADD CONSTRAINT sessions_user_id_fkey FOREIGN KEY (user_id) " +
            "REFERENCES users ON DELETE SET NULL", Expectation.Mended, "defined differently"),
        new("ALTER TABLE deployment_logs ENABLE ALWAYS TRIGGER deployment_logs_assign_seq", Expectation.LosesSecurity, "fires always"),
    ];

    private static readonly Drift[] StandIns =
    [
        new("CREATE SCHEMA own; ALTER TABLE users SET SCHEMA own; CREATE TABLE users (id int)",
            Expectation.Obstacle, "Table users may be own.users, and another table stands in its place"),
        new("ALTER TABLE users RENAME TO own_users; CREATE TABLE users (id uuid PRIMARY KEY, name varchar(255))",
            Expectation.Obstacle, "Table users may be own_users, and another table stands in its place"),
        new("ALTER TABLE sessions RENAME TO own_sessions; CREATE TABLE sessions (LIKE own_sessions)",
            Expectation.Obstacle, "Table sessions may be own_sessions, and another table stands in its place"),
        new(
            "ALTER TABLE sessions RENAME TO own_sessions; CREATE TABLE sessions (LIKE own_sessions); "
                + "INSERT INTO sessions TABLE own_sessions",
            Expectation.Obstacle, "Table sessions may be own_sessions, and another table stands in its place"),
        new("CREATE TABLE own_sessions AS TABLE sessions; DROP INDEX idx_users_email", Expectation.Mended, "idx_users_email is missing"),
        new("CREATE TABLE own_users (LIKE users); ALTER TABLE users DROP CONSTRAINT users_email_key", Expectation.Mended, "is missing"),
    ];

    private static readonly Drift[] Unrunnable =
    [
        new("DROP INDEX idx_users_email; CREATE SEQUENCE idx_users_email", Expectation.Obstacle, "The sequence public.idx_users_email"),
        new("DROP INDEX idx_users_email; CREATE TABLE own_table (a int); CREATE INDEX idx_users_email ON own_table (a)",
            Expectation.Obstacle, "The index public.idx_users_email has the name"),
        new("ALTER TABLE users DROP CONSTRAINT users_email_key; CREATE TABLE users_email_key (a int)",
            Expectation.Obstacle, "The table public.users_email_key has the name"),
        new("DROP TABLE sessions; CREATE TYPE sessions AS ENUM ('a')", Expectation.Obstacle, "The type public.sessions has the name"),
        new("ALTER TABLE users ADD own_a varchar(255), ADD own_b varchar(255); UPDATE users SET own_a = 'a'; ANALYZE users; " +
            "UPDATE users SET own_b = name; ALTER TABLE users DROP github_id",
            Expectation.Obstacle, "It needs column users.github_id, which is missing"),
        new("ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE, DROP CONSTRAINT users_email_key; DROP INDEX users_lower_email_key; " +
            "INSERT INTO users SELECT * FROM users WHERE name = 'Ada'",
            Expectation.Obstacle, "It needs key users.users_pkey, which is missing"),
        new("CREATE TABLE own_notes (nick text); ALTER TABLE users ADD own_nick text UNIQUE; " +
            "ALTER TABLE own_notes ADD FOREIGN KEY (nick) REFERENCES users (own_nick)",
            Expectation.Obstacle, "The foreign key public.own_notes.own_notes_nick_fkey uses column users.own_nick"),
        new("ALTER TABLE users ALTER email_verified DROP DEFAULT, ALTER email_verified TYPE uuid USING gen_random_uuid()",
            Expectation.Obstacle, "no conversion from uuid to boolean"),
        new("ALTER TABLE deployment_containers ALTER port TYPE bigint USING 5000000000", Expectation.Obstacle, "does not fit integer"),
        new("ALTER TABLE deployments ALTER is_production DROP DEFAULT, ALTER is_production TYPE text USING 'perhaps'",
            Expectation.Obstacle, "does not fit boolean"),
    ];
}
