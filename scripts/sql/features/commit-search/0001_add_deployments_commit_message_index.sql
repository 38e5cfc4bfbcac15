-- autostack: requires=core:44 requires-extension=pg_trgm no-transaction
-- An index that finds deployments by a part of their commit message.
-- Letters A to Z are folded before the extension folds the others by the locale of the database: in a Turkish one, it would make the I of
-- INFO another letter than that of info.
CREATE INDEX CONCURRENTLY IF NOT EXISTS deployments_commit_message_search_idx
    ON deployments USING gin (pg_catalog.lower(commit_message COLLATE "C") gin_trgm_ops);
