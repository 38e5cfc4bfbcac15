-- commit_hash holds 40 characters; the ids of repositories that use SHA-256 have 64. Of those it keeps the first 40, and this column the whole id.
-- NULL for a shorter id.

ALTER TABLE deployments ADD COLUMN commit_hash_full VARCHAR(64);
