ALTER TABLE deployments DROP COLUMN commit_hash_full;
