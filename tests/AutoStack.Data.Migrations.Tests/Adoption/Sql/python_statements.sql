-- The statements of the Python services, in the words of their ORM, each with the number of rows that it must read or write.

-- U2 by address, before signing up → 0
SELECT users.id, users.name, users.email, users.password_hash, users.avatar_url, users.github_id, users.google_id, users.email_verified, users.created_at, users.updated_at
FROM users
WHERE users.email = @email::VARCHAR

-- U3 sign up → 1
INSERT INTO users (id, name, email, password_hash, avatar_url, github_id, google_id, email_verified, created_at, updated_at)
VALUES (@user::UUID, @name::VARCHAR, @email::VARCHAR, @hash::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, 'false'::BOOLEAN, @now::TIMESTAMP WITHOUT TIME ZONE, @now::TIMESTAMP WITHOUT TIME ZONE)

-- S1 session → 1
INSERT INTO sessions (id, user_id, token, expires_at, created_at)
VALUES (@session::UUID, @user::UUID, @token::VARCHAR, @later::TIMESTAMP WITHOUT TIME ZONE, @now::TIMESTAMP WITHOUT TIME ZONE)

-- U1 load → 1
SELECT users.id, users.name, users.email, users.password_hash, users.avatar_url, users.github_id, users.google_id, users.email_verified, users.created_at, users.updated_at
FROM users
WHERE users.id = @user::UUID

-- U2 by address → 1
SELECT users.id, users.name, users.email, users.password_hash, users.avatar_url, users.github_id, users.google_id, users.email_verified, users.created_at, users.updated_at
FROM users
WHERE users.email = @email::VARCHAR

-- U4 by GitHub id → 0
SELECT users.id, users.name, users.email, users.password_hash, users.avatar_url, users.github_id, users.google_id, users.email_verified, users.created_at, users.updated_at
FROM users
WHERE users.github_id = @githubId::VARCHAR

-- U5 by Google id → 0
SELECT users.id, users.name, users.email, users.password_hash, users.avatar_url, users.github_id, users.google_id, users.email_verified, users.created_at, users.updated_at
FROM users
WHERE users.google_id = @googleId::VARCHAR

-- U8 link GitHub → 1
UPDATE users
SET github_id=@githubId::VARCHAR, avatar_url=@url::VARCHAR, updated_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE users.id = @user::UUID

-- U9 link Google → 1
UPDATE users
SET google_id=@googleId::VARCHAR, avatar_url=@url::VARCHAR, updated_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE users.id = @user::UUID

-- U7 sign up through a provider → 1
INSERT INTO users (id, name, email, password_hash, avatar_url, github_id, google_id, email_verified, created_at, updated_at)
VALUES (@other::UUID, @name::VARCHAR, 'login+autostack@users.noreply.github.com'::VARCHAR, NULL::VARCHAR, @url::VARCHAR, '777'::VARCHAR, NULL::VARCHAR, 'true'::BOOLEAN, @now::TIMESTAMP WITHOUT TIME ZONE, @now::TIMESTAMP WITHOUT TIME ZONE)

-- U11 profile → 1
UPDATE users
SET name='New name'::VARCHAR, updated_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE users.id = @user::UUID

-- U12 the first one → 1
SELECT users.id, users.name, users.email, users.password_hash, users.avatar_url, users.github_id, users.google_id, users.email_verified, users.created_at, users.updated_at
FROM users
LIMIT 1

-- S2 by token → 1
SELECT sessions.id, sessions.user_id, sessions.token, sessions.expires_at, sessions.created_at
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.token = @token::VARCHAR

-- S4 rotate, the old one → 1
DELETE FROM sessions
WHERE sessions.id = @session::UUID

-- S4 rotate, the new one → 1
INSERT INTO sessions (id, user_id, token, expires_at, created_at)
VALUES (@session::UUID, @user::UUID, @nextToken::VARCHAR, @later::TIMESTAMP WITHOUT TIME ZONE, @now::TIMESTAMP WITHOUT TIME ZONE)

-- P1 unused tokens → 0
UPDATE password_reset_tokens
SET used_at=@now::TIMESTAMP WITHOUT TIME ZONE
WHERE password_reset_tokens.user_id = @user::UUID AND password_reset_tokens.used_at IS NULL

-- P2 reset token → 1
INSERT INTO password_reset_tokens (id, user_id, token_hash, expires_at, used_at, created_at)
VALUES (@reset::UUID, @user::UUID, @tokenHash::VARCHAR, @later::TIMESTAMP WITHOUT TIME ZONE, NULL::TIMESTAMP WITHOUT TIME ZONE, @now::TIMESTAMP WITHOUT TIME ZONE)

-- P3 by hash → 1
SELECT password_reset_tokens.id, password_reset_tokens.user_id, password_reset_tokens.token_hash, password_reset_tokens.expires_at, password_reset_tokens.used_at, password_reset_tokens.created_at
FROM password_reset_tokens
WHERE password_reset_tokens.token_hash = @tokenHash::VARCHAR AND password_reset_tokens.used_at IS NULL

-- P4 the password → 1
UPDATE users
SET password_hash=@hash::VARCHAR, updated_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE users.id = @user::UUID

-- P4 the token → 1
UPDATE password_reset_tokens
SET used_at=@now::TIMESTAMP WITHOUT TIME ZONE
WHERE password_reset_tokens.id = @reset::UUID

-- F1 preferences → 0
SELECT user_preferences.id, user_preferences.user_id, user_preferences.theme, user_preferences.email_notifications, user_preferences.deployment_success_notifications, user_preferences.deployment_failure_notifications, user_preferences.created_at, user_preferences.updated_at
FROM user_preferences
WHERE user_preferences.user_id = @user::UUID

-- F1 defaults → 1
INSERT INTO user_preferences (id, user_id, theme, email_notifications, deployment_success_notifications, deployment_failure_notifications, created_at, updated_at)
VALUES (@preferences::UUID, @user::UUID, 'system'::VARCHAR, 'true'::BOOLEAN, 'true'::BOOLEAN, 'true'::BOOLEAN, @now::TIMESTAMP WITHOUT TIME ZONE, @now::TIMESTAMP WITHOUT TIME ZONE)

-- F2 save → 1
UPDATE user_preferences
SET theme='dark'::VARCHAR, email_notifications='false'::BOOLEAN, updated_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE user_preferences.id = @preferences::UUID

-- K1 connection → 0
SELECT github_connections.id, github_connections.user_id, github_connections.github_username, github_connections.github_access_token, github_connections.github_refresh_token, github_connections.token_expires_at, github_connections.scope, github_connections.connected_at
FROM github_connections
WHERE github_connections.user_id = @user::UUID

-- K2 connect → 1
INSERT INTO github_connections (id, user_id, github_username, github_access_token, github_refresh_token, token_expires_at, scope, connected_at)
VALUES (@connection::UUID, @user::UUID, 'octo'::VARCHAR, 'gho_clear'::VARCHAR, NULL::VARCHAR, NULL::TIMESTAMP WITHOUT TIME ZONE, 'repo'::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE)

-- K2 connect again → 1
UPDATE github_connections
SET github_access_token='gho_clear_too'::VARCHAR, scope='repo,user'::VARCHAR
WHERE github_connections.id = @connection::UUID

-- J1 by repository → 0
SELECT projects.id, projects.user_id, projects.name, projects.repository, projects.branch, projects.build_command, projects.output_dir, projects.env_vars, projects.github_repo_id, projects.runtime, projects.auto_deploy_enabled, projects.auto_deploy_branch, projects.jenkins_job_name, projects.created_at, projects.updated_at
FROM projects
WHERE projects.user_id = @user::UUID AND projects.repository = @repository::VARCHAR

-- J2 project → 1
INSERT INTO projects (id, user_id, name, repository, branch, build_command, output_dir, env_vars, github_repo_id, runtime, auto_deploy_enabled, auto_deploy_branch, jenkins_job_name, created_at, updated_at)
VALUES (@project::UUID, @user::UUID, @repository::VARCHAR, @repository::VARCHAR, 'main'::VARCHAR, 'npm run build'::VARCHAR, 'dist'::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, 'static'::VARCHAR, 'true'::BOOLEAN, 'main'::VARCHAR, NULL::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE, @now::TIMESTAMP WITHOUT TIME ZONE)

-- J3 from a request → 1
UPDATE projects
SET branch='main'::VARCHAR, build_command='make'::VARCHAR, output_dir='out'::VARCHAR, env_vars='{"KEY": "clear"}'::VARCHAR, updated_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE projects.id = @project::UUID

-- J4 load → 1
SELECT projects.id, projects.user_id, projects.name, projects.repository, projects.branch, projects.build_command, projects.output_dir, projects.env_vars, projects.github_repo_id, projects.runtime, projects.auto_deploy_enabled, projects.auto_deploy_branch, projects.jenkins_job_name, projects.created_at, projects.updated_at
FROM projects
WHERE projects.id = @project::UUID

-- J6 settings → 1
UPDATE projects
SET auto_deploy_enabled='true'::BOOLEAN, auto_deploy_branch='main'::VARCHAR, updated_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE projects.id = @project::UUID

-- J7 of a push → 1
SELECT projects.id, projects.user_id, projects.name, projects.repository, projects.branch, projects.build_command, projects.output_dir, projects.env_vars, projects.github_repo_id, projects.runtime, projects.auto_deploy_enabled, projects.auto_deploy_branch, projects.jenkins_job_name, projects.created_at, projects.updated_at
FROM projects
WHERE lower(projects.repository) = lower(@repository::VARCHAR)

-- J8 detected → 1
UPDATE projects
SET output_dir='build'::VARCHAR, updated_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE projects.id = @project::UUID

-- J9 a Dockerfile → 1
UPDATE projects
SET runtime='docker'::VARCHAR, updated_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE projects.id = @project::UUID

-- J11 by a script → 1
UPDATE projects SET auto_deploy_enabled = true, auto_deploy_branch = 'main' WHERE repository = @repository::VARCHAR

-- D1 enqueue → 1
INSERT INTO deployments (id, project_id, user_id, status, branch, commit_hash, commit_message, author, commit_timestamp, creator_type, is_production, env_vars, build_duration_seconds, failed_reason, deployed_url, started_at, completed_at, created_at, is_deleted)
VALUES (@deployment::UUID, @project::UUID, @user::UUID, 'queued'::VARCHAR, 'main'::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::TIMESTAMP WITHOUT TIME ZONE, 'manual'::VARCHAR, 'true'::BOOLEAN, '{"KEY": "clear"}'::VARCHAR, NULL::INTEGER, NULL::VARCHAR, NULL::VARCHAR, NULL::TIMESTAMP WITHOUT TIME ZONE, NULL::TIMESTAMP WITHOUT TIME ZONE, @now::TIMESTAMP WITHOUT TIME ZONE, 'false'::BOOLEAN)

-- G1 stage → 0
SELECT deployment_stages.id, deployment_stages.deployment_id, deployment_stages.stage_name, deployment_stages.status, deployment_stages.started_at, deployment_stages.completed_at, deployment_stages.error_message, deployment_stages.created_at
FROM deployment_stages
WHERE deployment_stages.deployment_id = @deployment::UUID AND deployment_stages.stage_name = 'Queued'::VARCHAR

-- G1 enter → 1
INSERT INTO deployment_stages (id, deployment_id, stage_name, status, started_at, completed_at, error_message, created_at)
VALUES (@stage::UUID, @deployment::UUID, 'Queued'::VARCHAR, 'in_progress'::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE, NULL::TIMESTAMP WITHOUT TIME ZONE, NULL::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE)

-- G1 stage, found → 1
SELECT deployment_stages.id, deployment_stages.deployment_id, deployment_stages.stage_name, deployment_stages.status, deployment_stages.started_at, deployment_stages.completed_at, deployment_stages.error_message, deployment_stages.created_at
FROM deployment_stages
WHERE deployment_stages.deployment_id = @deployment::UUID AND deployment_stages.stage_name = 'Queued'::VARCHAR

-- G1 complete → 1
UPDATE deployment_stages
SET status='completed'::VARCHAR, completed_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE deployment_stages.id = @stage::UUID

-- W1 delivery → 1
INSERT INTO webhook_payloads (id, deployment_id, provider, payload_json, headers, received_at)
VALUES (@payload::UUID, NULL::UUID, 'github'::VARCHAR, @body::JSON, @headers::JSON, @now::TIMESTAMP WITHOUT TIME ZONE)

-- D2 enqueue for a push → 1
INSERT INTO deployments (id, project_id, user_id, status, branch, commit_hash, commit_message, author, commit_timestamp, creator_type, is_production, env_vars, build_duration_seconds, failed_reason, deployed_url, started_at, completed_at, created_at, is_deleted)
VALUES (@pushed::UUID, @project::UUID, @user::UUID, 'queued'::VARCHAR, 'main'::VARCHAR, '0123456789012345678901234567890123456789'::VARCHAR, 'text'::VARCHAR, 'octo'::VARCHAR, NULL::TIMESTAMP WITHOUT TIME ZONE, 'webhook'::VARCHAR, 'true'::BOOLEAN, NULL::VARCHAR, NULL::INTEGER, NULL::VARCHAR, NULL::VARCHAR, NULL::TIMESTAMP WITHOUT TIME ZONE, NULL::TIMESTAMP WITHOUT TIME ZONE, @later::TIMESTAMP WITHOUT TIME ZONE, 'false'::BOOLEAN)

-- W2 attach → 1
UPDATE webhook_payloads
SET deployment_id=@pushed::UUID
WHERE webhook_payloads.id = @payload::UUID

-- D9 start → 1
UPDATE deployments
SET started_at=@now::TIMESTAMP WITHOUT TIME ZONE
WHERE deployments.id = @deployment::UUID

-- D10 advance → 1
UPDATE deployments
SET status='cloning'::VARCHAR
WHERE deployments.id = @deployment::UUID

-- D11 commit → 1
UPDATE deployments
SET commit_hash='0123456789012345678901234567890123456789'::VARCHAR, commit_message='text'::VARCHAR, author='octo'::VARCHAR, commit_timestamp=@now::TIMESTAMP WITHOUT TIME ZONE
WHERE deployments.id = @deployment::UUID

-- L1 line 1 → 1
INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at)
VALUES (@line1::UUID, @deployment::UUID, @now::TIMESTAMP WITHOUT TIME ZONE, 'info'::VARCHAR, 'line 1'::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE)

-- L1 line 2 → 1
INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at)
VALUES (@line2::UUID, @deployment::UUID, @now::TIMESTAMP WITHOUT TIME ZONE, 'error'::VARCHAR, 'line 2'::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE)

-- L1 line 3 → 1
INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at)
VALUES (@line3::UUID, @deployment::UUID, @now::TIMESTAMP WITHOUT TIME ZONE, 'warning'::VARCHAR, 'line 3'::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE)

-- C1 container → 1
INSERT INTO deployment_containers (id, deployment_id, container_id, image, host, port, status, created_at, stopped_at)
VALUES (@container::UUID, @deployment::UUID, 'abc'::VARCHAR, 'autostack:1'::VARCHAR, 'localhost'::VARCHAR, '30777'::INTEGER, 'starting'::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE, NULL::TIMESTAMP WITHOUT TIME ZONE)

-- C2 latest container → 1
SELECT deployment_containers.id, deployment_containers.deployment_id, deployment_containers.container_id, deployment_containers.image, deployment_containers.host, deployment_containers.port, deployment_containers.status, deployment_containers.created_at, deployment_containers.stopped_at
FROM deployment_containers
WHERE deployment_containers.deployment_id = @deployment::UUID ORDER BY deployment_containers.created_at DESC

-- C3 it runs → 1
UPDATE deployment_containers
SET status='running'::VARCHAR
WHERE deployment_containers.id = @container::UUID

-- H1 probe → 1
INSERT INTO deployment_health_checks (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
VALUES (@check::UUID, @deployment::UUID, @url::VARCHAR, '200'::INTEGER, '12'::INTEGER, 'true'::BOOLEAN, @now::TIMESTAMP WITHOUT TIME ZONE)

-- H2 latest check → 1
SELECT deployment_health_checks.id, deployment_health_checks.deployment_id, deployment_health_checks.url, deployment_health_checks.http_status, deployment_health_checks.latency_ms, deployment_health_checks.is_live, deployment_health_checks.checked_at
FROM deployment_health_checks
WHERE deployment_health_checks.deployment_id = @deployment::UUID ORDER BY deployment_health_checks.checked_at DESC

-- R1 output 1 → 1
INSERT INTO deployment_runtime_logs (id, deployment_id, source, log_level, message, timestamp)
VALUES (@output1::UUID, @deployment::UUID, 'docker'::VARCHAR, NULL::VARCHAR, 'out 1'::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE)

-- R1 output 2 → 1
INSERT INTO deployment_runtime_logs (id, deployment_id, source, log_level, message, timestamp)
VALUES (@output2::UUID, @deployment::UUID, 'docker'::VARCHAR, NULL::VARCHAR, 'out 2'::VARCHAR, @now::TIMESTAMP WITHOUT TIME ZONE)

-- D14 finalise, D15 address → 1
UPDATE deployments
SET status='success'::VARCHAR, completed_at=@later::TIMESTAMP WITHOUT TIME ZONE, build_duration_seconds='60'::INTEGER, deployed_url=@url::VARCHAR
WHERE deployments.id = @deployment::UUID

-- D16 Kubernetes note → 1
UPDATE deployments
SET failed_reason='{"kubernetes": {}}'::VARCHAR
WHERE deployments.id = @deployment::UUID

-- D3 page → 2
SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted, projects.id AS projects_id, projects.user_id AS projects_user_id, projects.name AS projects_name, projects.repository AS projects_repository, projects.branch AS projects_branch, projects.build_command AS projects_build_command, projects.output_dir AS projects_output_dir, projects.env_vars AS projects_env_vars, projects.github_repo_id AS projects_github_repo_id, projects.runtime AS projects_runtime, projects.auto_deploy_enabled AS projects_auto_deploy_enabled, projects.auto_deploy_branch AS projects_auto_deploy_branch, projects.jenkins_job_name AS projects_jenkins_job_name, projects.created_at AS projects_created_at, projects.updated_at AS projects_updated_at
FROM deployments JOIN projects ON projects.id = deployments.project_id
WHERE deployments.user_id = @user::UUID AND deployments.is_deleted IS false AND projects.name ILIKE '%octo%'::VARCHAR
ORDER BY deployments.created_at DESC
 LIMIT 10::INTEGER OFFSET 0::INTEGER

-- D3 count → 1
SELECT count(*) AS count_1
FROM (SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted, projects.id AS projects_id, projects.user_id AS projects_user_id, projects.name AS projects_name, projects.repository AS projects_repository, projects.branch AS projects_branch, projects.build_command AS projects_build_command, projects.output_dir AS projects_output_dir, projects.env_vars AS projects_env_vars, projects.github_repo_id AS projects_github_repo_id, projects.runtime AS projects_runtime, projects.auto_deploy_enabled AS projects_auto_deploy_enabled, projects.auto_deploy_branch AS projects_auto_deploy_branch, projects.jenkins_job_name AS projects_jenkins_job_name, projects.created_at AS projects_created_at, projects.updated_at AS projects_updated_at
FROM deployments JOIN projects ON projects.id = deployments.project_id
WHERE deployments.user_id = @user::UUID AND deployments.is_deleted IS false) AS anon_1

-- D4 recent → 2
SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted, projects.id AS projects_id, projects.user_id AS projects_user_id, projects.name AS projects_name, projects.repository AS projects_repository, projects.branch AS projects_branch, projects.build_command AS projects_build_command, projects.output_dir AS projects_output_dir, projects.env_vars AS projects_env_vars, projects.github_repo_id AS projects_github_repo_id, projects.runtime AS projects_runtime, projects.auto_deploy_enabled AS projects_auto_deploy_enabled, projects.auto_deploy_branch AS projects_auto_deploy_branch, projects.jenkins_job_name AS projects_jenkins_job_name, projects.created_at AS projects_created_at, projects.updated_at AS projects_updated_at
FROM deployments JOIN projects ON projects.id = deployments.project_id
WHERE deployments.user_id = @user::UUID AND deployments.is_deleted IS false ORDER BY deployments.created_at DESC
 LIMIT 5::INTEGER

-- D5 detail → 1
SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted, projects.id AS projects_id, projects.user_id AS projects_user_id, projects.name AS projects_name, projects.repository AS projects_repository, projects.branch AS projects_branch, projects.build_command AS projects_build_command, projects.output_dir AS projects_output_dir, projects.env_vars AS projects_env_vars, projects.github_repo_id AS projects_github_repo_id, projects.runtime AS projects_runtime, projects.auto_deploy_enabled AS projects_auto_deploy_enabled, projects.auto_deploy_branch AS projects_auto_deploy_branch, projects.jenkins_job_name AS projects_jenkins_job_name, projects.created_at AS projects_created_at, projects.updated_at AS projects_updated_at
FROM deployments JOIN projects ON projects.id = deployments.project_id
WHERE deployments.id = @deployment::UUID AND deployments.user_id = @user::UUID AND deployments.is_deleted IS false

-- D5 its lines, L2 → 3
SELECT deployment_logs.id, deployment_logs.deployment_id, deployment_logs.timestamp, deployment_logs.log_level, deployment_logs.message, deployment_logs.created_at
FROM deployment_logs
WHERE deployment_logs.deployment_id = @deployment::UUID ORDER BY deployment_logs.timestamp ASC

-- D5 its stages, G2 → 1
SELECT deployment_stages.id, deployment_stages.deployment_id, deployment_stages.stage_name, deployment_stages.status, deployment_stages.started_at, deployment_stages.completed_at, deployment_stages.error_message, deployment_stages.created_at
FROM deployment_stages
WHERE deployment_stages.deployment_id = @deployment::UUID ORDER BY deployment_stages.created_at

-- D6 load → 1
SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted
FROM deployments
WHERE deployments.id = @deployment::UUID

-- D7 owned → 1
SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted
FROM deployments
WHERE deployments.id = @deployment::UUID AND deployments.user_id = @user::UUID AND deployments.is_deleted IS false

-- L3 last lines → 3
SELECT deployment_logs.id, deployment_logs.deployment_id, deployment_logs.timestamp, deployment_logs.log_level, deployment_logs.message, deployment_logs.created_at
FROM deployment_logs
WHERE deployment_logs.deployment_id = @deployment::UUID ORDER BY deployment_logs.timestamp DESC
 LIMIT 20::INTEGER

-- L4 container line → 1
INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at)
VALUES (@line4::UUID, @deployment::UUID, @later::TIMESTAMP WITHOUT TIME ZONE, 'info'::VARCHAR, '[CONTAINER] up'::VARCHAR, @later::TIMESTAMP WITHOUT TIME ZONE)

-- C5 running → 1
SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted, deployment_containers.id AS container_id
FROM deployments JOIN deployment_containers ON deployments.id = deployment_containers.deployment_id
WHERE deployments.status = 'success'::VARCHAR AND deployment_containers.status = 'running'::VARCHAR AND deployments.user_id = @user::UUID

-- C6 running, not deleted → 1
SELECT deployment_containers.id, deployment_containers.deployment_id, deployment_containers.container_id, deployment_containers.image, deployment_containers.host, deployment_containers.port, deployment_containers.status, deployment_containers.created_at, deployment_containers.stopped_at, deployments.status AS deployment_status
FROM deployment_containers JOIN deployments ON deployments.id = deployment_containers.deployment_id
WHERE deployment_containers.status = 'running'::VARCHAR AND deployments.is_deleted IS false AND deployments.user_id = @user::UUID

-- H3 uptime → 1
SELECT deployment_health_checks.id, deployment_health_checks.deployment_id, deployment_health_checks.url, deployment_health_checks.http_status, deployment_health_checks.latency_ms, deployment_health_checks.is_live, deployment_health_checks.checked_at
FROM deployment_health_checks JOIN deployments ON deployments.id = deployment_health_checks.deployment_id
WHERE deployments.project_id = @project::UUID AND deployment_health_checks.checked_at >= @now::TIMESTAMP WITHOUT TIME ZONE

-- D22 latest of a repository → 1
SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted
FROM deployments JOIN projects ON projects.id = deployments.project_id
WHERE projects.repository = @repository::VARCHAR ORDER BY deployments.created_at DESC
 LIMIT 1::INTEGER

-- A1 count → 1
SELECT count(deployments.id) AS count_1
FROM deployments
WHERE deployments.user_id = @user::UUID AND deployments.is_deleted IS false

-- A2 today → 1
SELECT count(deployments.id) AS count_1
FROM deployments
WHERE deployments.user_id = @user::UUID AND deployments.is_deleted IS false AND deployments.created_at >= @now::TIMESTAMP WITHOUT TIME ZONE

-- A3 success → 1
SELECT count(deployments.id) AS count_1
FROM deployments
WHERE deployments.user_id = @user::UUID AND deployments.is_deleted IS false AND deployments.status = 'success'::VARCHAR

-- A4 average → 1
SELECT avg(deployments.build_duration_seconds) AS avg_1
FROM deployments
WHERE deployments.user_id = @user::UUID AND deployments.is_deleted IS false AND deployments.build_duration_seconds IS NOT NULL

-- A5 projects → 1
SELECT count(distinct(deployments.project_id)) AS count_1
FROM deployments
WHERE deployments.user_id = @user::UUID AND deployments.is_deleted IS false

-- A6 of a project → 2
SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted
FROM deployments
WHERE deployments.project_id = @project::UUID AND deployments.is_deleted IS false ORDER BY deployments.created_at DESC

-- M1 all deployments → 1
SELECT count(deployments.id) AS count_1
FROM deployments
WHERE deployments.is_deleted IS false

-- M4 all users → 1
SELECT count(users.id) AS count_1
FROM users

-- M5 new users → 1
SELECT count(users.id) AS count_1
FROM users
WHERE users.created_at >= @now::TIMESTAMP WITHOUT TIME ZONE

-- B1 usage → 2
SELECT deployments.id, deployments.project_id, deployments.user_id, deployments.status, deployments.branch, deployments.commit_hash, deployments.commit_message, deployments.author, deployments.commit_timestamp, deployments.creator_type, deployments.is_production, deployments.env_vars, deployments.build_duration_seconds, deployments.failed_reason, deployments.deployed_url, deployments.started_at, deployments.completed_at, deployments.created_at, deployments.is_deleted, projects.id AS projects_id, projects.user_id AS projects_user_id, projects.name AS projects_name, projects.repository AS projects_repository, projects.branch AS projects_branch, projects.build_command AS projects_build_command, projects.output_dir AS projects_output_dir, projects.env_vars AS projects_env_vars, projects.github_repo_id AS projects_github_repo_id, projects.runtime AS projects_runtime, projects.auto_deploy_enabled AS projects_auto_deploy_enabled, projects.auto_deploy_branch AS projects_auto_deploy_branch, projects.jenkins_job_name AS projects_jenkins_job_name, projects.created_at AS projects_created_at, projects.updated_at AS projects_updated_at
FROM deployments JOIN projects ON projects.id = deployments.project_id
WHERE deployments.user_id = @user::UUID AND deployments.created_at >= @now::TIMESTAMP WITHOUT TIME ZONE AND deployments.is_deleted IS false

-- D20 unhealthy → 1
UPDATE deployments
SET status='failed'::VARCHAR, failed_reason='health checks failed'::VARCHAR
WHERE deployments.id = @deployment::UUID

-- C4 stopped → 1
UPDATE deployment_containers
SET status='stopped'::VARCHAR, stopped_at=@later::TIMESTAMP WITHOUT TIME ZONE
WHERE deployment_containers.id = @container::UUID

-- D12 fails, D17 is cancelled → 1
UPDATE deployments
SET status='cancelled'::VARCHAR, failed_reason='Cancelled by user'::VARCHAR
WHERE deployments.id = @pushed::UUID

-- D17 the stage of it → 1
INSERT INTO deployment_stages (id, deployment_id, stage_name, status, started_at, completed_at, error_message, created_at)
VALUES (@cancelled::UUID, @pushed::UUID, 'Cancelled'::VARCHAR, 'completed'::VARCHAR, @later::TIMESTAMP WITHOUT TIME ZONE, @later::TIMESTAMP WITHOUT TIME ZONE, NULL::VARCHAR, @later::TIMESTAMP WITHOUT TIME ZONE)

-- D21 by a script → 1
INSERT INTO deployments (id, project_id, user_id, status, branch, commit_hash, commit_message, author, commit_timestamp, creator_type, is_production, env_vars, build_duration_seconds, failed_reason, deployed_url, started_at, completed_at, created_at, is_deleted)
VALUES (@scripted::UUID, @project::UUID, @user::UUID, 'queued'::VARCHAR, 'main'::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::VARCHAR, NULL::TIMESTAMP WITHOUT TIME ZONE, 'manual'::VARCHAR, 'false'::BOOLEAN, NULL::VARCHAR, NULL::INTEGER, NULL::VARCHAR, NULL::VARCHAR, NULL::TIMESTAMP WITHOUT TIME ZONE, NULL::TIMESTAMP WITHOUT TIME ZONE, @later::TIMESTAMP WITHOUT TIME ZONE, 'false'::BOOLEAN)

-- D19 abandoned by a script → 1
UPDATE deployments
SET is_deleted='true'::BOOLEAN, status='cancelled'::VARCHAR
WHERE deployments.id = @scripted::UUID

-- D18 soft delete → 1
UPDATE deployments
SET is_deleted='true'::BOOLEAN
WHERE deployments.id = @pushed::UUID

-- K3 disconnect → 1
DELETE FROM github_connections
WHERE github_connections.id = @connection::UUID

-- S5 logout → 1
DELETE FROM sessions
WHERE sessions.id = @session::UUID

-- Z1 the start of the service → 0
ALTER TABLE projects ADD COLUMN IF NOT EXISTS jenkins_job_name VARCHAR(255)
