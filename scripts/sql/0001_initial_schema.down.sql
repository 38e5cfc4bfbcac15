DROP TABLE webhook_payloads;
DROP TABLE password_reset_tokens;
DROP TABLE sessions;
DROP TABLE github_connections;
DROP TABLE user_preferences;
DROP TABLE deployment_stages;
DROP TABLE deployment_logs;
DROP TABLE deployments;
DROP TABLE projects;
DROP TABLE users;

-- Only an extension that the up script made is ours to drop.
DO $$
BEGIN
    IF EXISTS (
        SELECT
        FROM pg_catalog.pg_extension e
        WHERE e.extname = 'uuid-ossp'
          AND pg_catalog.obj_description(e.oid, 'pg_extension') LIKE '%created by 0001_initial_schema'
    ) THEN
        DROP EXTENSION "uuid-ossp";
    END IF;
END
$$;
