-- Rows of the three tables of running containers, which a database of the first revision does not have.
INSERT INTO deployment_containers (id, deployment_id, container_id, image, host, port, status, created_at, stopped_at) VALUES
    ('ca000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000001', 'c1', 'autostack:1', 'localhost', 30000, 'stopped', '2025-11-01 10:03:00', '2025-11-01 10:03:10'),
    ('ca000000-0000-4000-8000-000000000002', 'd0000000-0000-4000-8000-000000000001', 'c2', 'autostack:1', 'localhost', 30000, 'failed', '2025-11-01 10:03:11', NULL);
INSERT INTO deployment_health_checks (id, deployment_id, url, http_status, latency_ms, is_live, checked_at) VALUES
    ('cb000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000001', 'http://localhost:30000', 200, 12, true, '2025-11-01 10:03:20'),
    ('cb000000-0000-4000-8000-000000000002', 'd0000000-0000-4000-8000-000000000001', 'http://localhost:30000', NULL, NULL, false, '2025-11-01 10:04:20');
INSERT INTO deployment_runtime_logs (id, deployment_id, source, log_level, message, timestamp)
SELECT
    ('cc000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    'd0000000-0000-4000-8000-000000000001',
    'docker',
    NULL,
    'out ' || n,
    '2025-11-01 10:04:00'
FROM generate_series(1, 20) n;
