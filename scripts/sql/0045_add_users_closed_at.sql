-- When an account was closed: nobody signs in to it and no worker claims its deployments, while its rows are removed in batches. NULL for
-- every other account, and for those that other programs insert.

ALTER TABLE users ADD COLUMN closed_at TIMESTAMP;
