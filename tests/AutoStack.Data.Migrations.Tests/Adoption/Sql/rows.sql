-- Rows as the services leave them, in every shape: a record takes the columns that its table has and passes over the others.
INSERT INTO users SELECT * FROM json_populate_recordset(NULL::users, '[
    {"id": "a0000000-0000-4000-8000-000000000001", "name": "Ada", "email": "Ada@example.com", "email_verified": true, "github_id": "101",
     "password_hash": "$2b$12$KIXQKnXbDpVQyVQXW1o0Gu3Xx4d9vYQp0Ai3bJ0p9w3v0kZ2u1d2e", "created_at": "2025-11-01T10:00:00.123456", "updated_at": "2025-11-01T10:00:00.123456"},
    {"id": "a0000000-0000-4000-8000-000000000002", "name": "login+autostack", "email": "grace@example.com", "email_verified": false,
     "created_at": "2025-11-02T15:30:00", "updated_at": "2025-11-02T10:00:00"}
]');
-- Saved by hand in a session of Asia/Kolkata: local time beside UTC.
UPDATE users SET updated_at = timestamp '2025-11-02 15:30:00' WHERE name = 'login+autostack';

INSERT INTO user_preferences SELECT * FROM json_populate_recordset(NULL::user_preferences, '[
    {"id": "a1000000-0000-4000-8000-000000000001", "user_id": "a0000000-0000-4000-8000-000000000001", "theme": "solarized", "email_notifications": true,
     "deployment_success_notifications": false, "deployment_failure_notifications": true, "created_at": "2025-11-01T10:00:01", "updated_at": "2025-11-01T10:00:01"}
]');
INSERT INTO github_connections SELECT * FROM json_populate_recordset(NULL::github_connections, '[
    {"id": "a2000000-0000-4000-8000-000000000001", "user_id": "a0000000-0000-4000-8000-000000000001", "github_username": "ada",
     "github_access_token": "gho_clear", "connected_at": "2025-11-01T10:00:02"}
]');
INSERT INTO sessions SELECT * FROM json_populate_recordset(NULL::sessions, '[
    {"id": "a3000000-0000-4000-8000-000000000001", "user_id": "a0000000-0000-4000-8000-000000000001", "token": "0b6a1c1e-6c0e-4b7e-9a55-2f1f3a4f5b60",
     "expires_at": "2125-11-08T10:00:00", "created_at": "2025-11-01T10:00:00"},
    {"id": "a3000000-0000-4000-8000-000000000002", "user_id": "a0000000-0000-4000-8000-000000000002", "token": "1c7b2d2f-7d1f-4c8f-8b66-3a2a4b5a6c71",
     "expires_at": "2025-11-09T10:00:00", "created_at": "2025-11-02T10:00:00"}
]');
INSERT INTO password_reset_tokens SELECT * FROM json_populate_recordset(NULL::password_reset_tokens, '[
    {"id": "a4000000-0000-4000-8000-000000000001", "user_id": "a0000000-0000-4000-8000-000000000001", "token_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
     "expires_at": "2025-11-01T11:00:00", "created_at": "2025-11-01T10:00:00"},
    {"id": "a4000000-0000-4000-8000-000000000002", "user_id": "a0000000-0000-4000-8000-000000000001", "token_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
     "expires_at": "2025-11-01T11:00:00", "used_at": "2025-11-01T10:30:00", "created_at": "2025-11-01T10:00:00"}
]');
INSERT INTO projects SELECT * FROM json_populate_recordset(NULL::projects, '[
    {"id": "b0000000-0000-4000-8000-000000000001", "user_id": "a0000000-0000-4000-8000-000000000001", "name": "ada/site", "repository": "ada/site", "branch": "main",
     "build_command": "npm run build", "output_dir": "dist", "env_vars": "{\"KEY\": \"clear\"}", "runtime": "docker", "auto_deploy_enabled": true, "auto_deploy_branch": "main",
     "created_at": "2025-11-01T10:01:00", "updated_at": "2025-11-01T10:01:00"},
    {"id": "b0000000-0000-4000-8000-000000000002", "user_id": "a0000000-0000-4000-8000-000000000002", "name": "https://github.com/Ada/Site.git",
     "repository": "https://github.com/Ada/Site.git", "branch": "master", "build_command": "", "output_dir": "", "runtime": "static", "auto_deploy_enabled": false,
     "created_at": "2025-11-02T10:01:00", "updated_at": "2025-11-02T10:01:00"}
]');
INSERT INTO deployments SELECT * FROM json_populate_recordset(NULL::deployments, '[
    {"id": "d0000000-0000-4000-8000-000000000001", "project_id": "b0000000-0000-4000-8000-000000000001", "user_id": "a0000000-0000-4000-8000-000000000001", "status": "success",
     "branch": "main", "commit_hash": "0123456789012345678901234567890123456789", "commit_message": "first", "author": "Ada", "commit_timestamp": "2025-11-01T09:59:00",
     "creator_type": "manual", "is_production": true, "build_duration_seconds": 85, "failed_reason": "{\"kubernetes\": {\"namespace\": \"default\"}}",
     "deployed_url": "http://localhost:30000", "started_at": "2025-11-01T10:02:00", "completed_at": "2025-11-01T10:03:25", "created_at": "2025-11-01T10:02:00", "is_deleted": false},
    {"id": "d0000000-0000-4000-8000-000000000002", "project_id": "b0000000-0000-4000-8000-000000000001", "user_id": "a0000000-0000-4000-8000-000000000001", "status": "cloning",
     "branch": "x", "creator_type": "webhook", "is_production": true, "env_vars": "{\"KEY\": \"clear\"}", "started_at": "2025-11-01T11:00:00", "created_at": "2025-11-01T11:00:00", "is_deleted": true},
    {"id": "d0000000-0000-4000-8000-000000000003", "project_id": "b0000000-0000-4000-8000-000000000002", "user_id": "a0000000-0000-4000-8000-000000000002", "status": "queued",
     "branch": "master", "creator_type": "manual", "is_production": true, "created_at": "2025-11-02T10:02:00", "is_deleted": false}
]');

-- Lines of one commit share their time; levels are missing in test rows.
INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at)
SELECT
    ('e0000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    ('d0000000-0000-4000-8000-00000000000' || 1 + n % 3)::uuid,
    timestamp '2025-11-01 10:02:00' + (n / 5) * interval '1 s',
    CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN 'info' WHEN 2 THEN 'error' ELSE 'warning' END,
    'line ' || n,
    timestamp '2025-11-01 10:02:00' + n * interval '1 ms'
FROM generate_series(1, 60) n;

-- The services write names in Title Case; hands and tests wrote them otherwise.
INSERT INTO deployment_stages (id, deployment_id, stage_name, status, started_at, completed_at, created_at) VALUES
    ('f0000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000001', 'Queued', 'completed', '2025-11-01 10:02:00', '2025-11-01 10:02:00', '2025-11-01 10:02:00'),
    ('f0000000-0000-4000-8000-000000000002', 'd0000000-0000-4000-8000-000000000001', 'cloning', 'completed', '2025-11-01 10:02:00', '2025-11-01 10:02:05', '2025-11-01 10:02:00'),
    ('f0000000-0000-4000-8000-000000000003', 'd0000000-0000-4000-8000-000000000001', 'BUILDING', 'completed', '2025-11-01 10:02:05', '2025-11-01 10:03:00', '2025-11-01 10:02:05'),
    ('f0000000-0000-4000-8000-000000000004', 'd0000000-0000-4000-8000-000000000001', 'Success', 'completed', '2025-11-01 10:03:25', '2025-11-01 10:03:25', '2025-11-01 10:03:25'),
    ('f0000000-0000-4000-8000-000000000005', 'd0000000-0000-4000-8000-000000000002', 'Queued', 'completed', NULL, NULL, '2025-11-01 11:00:00'),
    ('f0000000-0000-4000-8000-000000000006', 'd0000000-0000-4000-8000-000000000002', 'Cloning', 'in_progress', '2025-11-01 11:00:00', NULL, '2025-11-01 11:00:00'),
    ('f0000000-0000-4000-8000-000000000007', 'd0000000-0000-4000-8000-000000000003', 'Queued', 'in_progress', '2025-11-02 10:02:00', NULL, '2025-11-02 10:02:00');
