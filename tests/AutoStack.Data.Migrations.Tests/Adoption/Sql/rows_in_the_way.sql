-- What the services let in and a unique index does not: a stage twice, one port of a host for two containers, an address twice but for its case.
INSERT INTO deployment_stages (id, deployment_id, stage_name, status, created_at) VALUES
    ('f0000000-0000-4000-8000-000000000011', 'd0000000-0000-4000-8000-000000000002', 'Cancelled', 'completed', '2025-11-01 11:01:00'),
    ('f0000000-0000-4000-8000-000000000012', 'd0000000-0000-4000-8000-000000000002', 'Cancelled', 'completed', '2025-11-01 11:01:01'),
    ('f0000000-0000-4000-8000-000000000013', 'd0000000-0000-4000-8000-000000000002', 'queued', 'completed', '2025-11-01 11:01:02');
INSERT INTO deployment_containers (id, deployment_id, container_id, image, host, port, status, created_at) VALUES
    ('ca000000-0000-4000-8000-000000000011', 'd0000000-0000-4000-8000-000000000002', 'c3', 'autostack:1', 'localhost', 30000, 'running', '2025-11-01 11:03:00');
INSERT INTO users SELECT * FROM json_populate_recordset(NULL::users, '[
    {"id": "a0000000-0000-4000-8000-000000000011", "name": "Ada again", "email": "ada@Example.com", "email_verified": false,
     "created_at": "2025-11-03T10:00:00", "updated_at": "2025-11-03T10:00:00"}
]');
