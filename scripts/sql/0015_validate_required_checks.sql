-- Checks the rows that were there before the checks; takes SHARE UPDATE EXCLUSIVE, so reads and writes go on.

ALTER TABLE users VALIDATE CONSTRAINT users_required_check;
ALTER TABLE projects VALIDATE CONSTRAINT projects_required_check;
ALTER TABLE deployments VALIDATE CONSTRAINT deployments_required_check;
ALTER TABLE deployment_logs VALIDATE CONSTRAINT deployment_logs_required_check;
ALTER TABLE deployment_stages VALIDATE CONSTRAINT deployment_stages_required_check;
ALTER TABLE deployment_containers VALIDATE CONSTRAINT deployment_containers_required_check;
ALTER TABLE deployment_health_checks VALIDATE CONSTRAINT deployment_health_checks_required_check;
ALTER TABLE deployment_runtime_logs VALIDATE CONSTRAINT deployment_runtime_logs_required_check;
ALTER TABLE user_preferences VALIDATE CONSTRAINT user_preferences_required_check;
ALTER TABLE github_connections VALIDATE CONSTRAINT github_connections_required_check;
ALTER TABLE sessions VALIDATE CONSTRAINT sessions_required_check;
ALTER TABLE password_reset_tokens VALIDATE CONSTRAINT password_reset_tokens_required_check;
