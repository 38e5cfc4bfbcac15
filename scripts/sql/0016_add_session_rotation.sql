-- A rotated session stays, marked, so that a token used again is noticed; all that came out of one sign-in are a family, to be revoked together.
-- A NULL family is the session's own id: rows of other writers begin one.

ALTER TABLE sessions
    ADD COLUMN family_id UUID,
    ADD COLUMN rotated_at TIMESTAMP;
