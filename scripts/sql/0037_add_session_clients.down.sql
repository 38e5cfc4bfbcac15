ALTER TABLE sessions
    DROP COLUMN sealed_token,
    DROP COLUMN client_key_hash,
    DROP COLUMN signed_in_at;
