-- Columns that are nullable by their definition and hold a value in every row: one check per table says so.
-- NOT VALID: existing rows are checked by the next script, under a lock that lets writers through.

ALTER TABLE users ADD CONSTRAINT users_required_check
    CHECK (created_at IS NOT NULL AND updated_at IS NOT NULL) NOT VALID;
ALTER TABLE projects ADD CONSTRAINT projects_required_check
    CHECK (created_at IS NOT NULL AND updated_at IS NOT NULL) NOT VALID;
ALTER TABLE deployments ADD CONSTRAINT deployments_required_check
    CHECK (status IS NOT NULL AND created_at IS NOT NULL) NOT VALID;
ALTER TABLE deployment_logs ADD CONSTRAINT deployment_logs_required_check
    CHECK (timestamp IS NOT NULL AND created_at IS NOT NULL AND seq IS NOT NULL) NOT VALID;
ALTER TABLE deployment_stages ADD CONSTRAINT deployment_stages_required_check
    CHECK (status IS NOT NULL AND created_at IS NOT NULL) NOT VALID;
ALTER TABLE deployment_containers ADD CONSTRAINT deployment_containers_required_check
    CHECK (created_at IS NOT NULL) NOT VALID;
ALTER TABLE deployment_health_checks ADD CONSTRAINT deployment_health_checks_required_check
    CHECK (checked_at IS NOT NULL) NOT VALID;
ALTER TABLE deployment_runtime_logs ADD CONSTRAINT deployment_runtime_logs_required_check
    CHECK (timestamp IS NOT NULL AND seq IS NOT NULL) NOT VALID;
ALTER TABLE user_preferences ADD CONSTRAINT user_preferences_required_check
    CHECK (theme IS NOT NULL AND email_notifications IS NOT NULL AND deployment_success_notifications IS NOT NULL
        AND deployment_failure_notifications IS NOT NULL AND created_at IS NOT NULL AND updated_at IS NOT NULL) NOT VALID;
ALTER TABLE github_connections ADD CONSTRAINT github_connections_required_check
    CHECK (connected_at IS NOT NULL) NOT VALID;
ALTER TABLE sessions ADD CONSTRAINT sessions_required_check
    CHECK (created_at IS NOT NULL) NOT VALID;
ALTER TABLE password_reset_tokens ADD CONSTRAINT password_reset_tokens_required_check
    CHECK (created_at IS NOT NULL) NOT VALID;
