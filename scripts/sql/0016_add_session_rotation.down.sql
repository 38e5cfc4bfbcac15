-- Without the mark a rotated session would be a valid one again.
DELETE FROM sessions WHERE rotated_at IS NOT NULL;

ALTER TABLE sessions
    DROP COLUMN rotated_at,
    DROP COLUMN family_id;
