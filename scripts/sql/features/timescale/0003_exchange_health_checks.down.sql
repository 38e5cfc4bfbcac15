-- autostack: lock_timeout=100ms
-- The plain table takes its place back.
SELECT exchange_health_checks();
