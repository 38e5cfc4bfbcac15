-- When the user signed in, so that all that came out of one sign-in has an age; a NULL is created_at of the family's first row.
-- Which client a session belongs to, and the token that a repeated request of this client gets, sealed with what only the client has. Sessions of
-- other writers have neither.

ALTER TABLE sessions
    ADD COLUMN signed_in_at TIMESTAMP,
    ADD COLUMN client_key_hash VARCHAR(64),
    ADD COLUMN sealed_token VARCHAR(255);
