-- The first is escaped U+0000, the second a backslash and u0000, the third both, the fourth three of them in a row and one in a key.
INSERT INTO webhook_payloads (id, deployment_id, provider, payload_json, headers, received_at) VALUES
    ('c0000000-0000-4000-8000-000000000001', 'd0000000-0000-4000-8000-000000000002', 'github', '{"message": "a\u0000b", "size": 1.50}', '{"x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}', '2025-11-01 11:00:00'),
    ('c0000000-0000-4000-8000-000000000002', NULL, 'github', '{"message": "a\\u0000b"}', '{"x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "cookie": "clear"}', '2025-11-01 11:00:01'),
    ('c0000000-0000-4000-8000-000000000003', NULL, 'github', '{"message": "a\\\u0000b\\\\u0000c"}', '{"x": "\u0000"}', '2025-11-01 11:00:02'),
    ('c0000000-0000-4000-8000-000000000004', NULL, 'github', '{"k\u0000ey": ["\u0000\u0000\u0000", "\u00000", "\u00e9\ud83d\ude00"]}', '{}', '2025-11-01 11:00:03');
