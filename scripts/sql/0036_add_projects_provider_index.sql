-- autostack: no-transaction
-- The projects of one repository whose access is proven, the oldest first: for every push.
CREATE INDEX CONCURRENTLY IF NOT EXISTS projects_provider_repository_idx
    ON projects (provider_repository_id, provider, provider_host, created_at, id) WHERE access_proven_at IS NOT NULL;
