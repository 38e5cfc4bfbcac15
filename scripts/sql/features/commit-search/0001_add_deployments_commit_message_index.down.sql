-- autostack: no-transaction
DROP INDEX CONCURRENTLY IF EXISTS deployments_commit_message_search_idx;
