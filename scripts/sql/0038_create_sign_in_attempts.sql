-- How often a password was tried, per account and place, per account, and per place: the SHA-256 of what is counted, whether the account exists or not.
-- What is counted ends at expires_at, and so does a lockout.

CREATE TABLE sign_in_attempts (
    subject_hash VARCHAR(64) CONSTRAINT sign_in_attempts_pkey PRIMARY KEY,
    attempts INTEGER NOT NULL,
    expires_at TIMESTAMP NOT NULL
);

-- What is over, for the purge.
CREATE INDEX sign_in_attempts_expires_at_idx ON sign_in_attempts (expires_at);
