-- The lease of each periodic task: which process runs the task now, until when, and how its last run ended. One row per task, so that the
-- lease works through a pooler in transaction mode, where a session lock would stay with the session of another client. A process whose
-- lease has expired is replaced by the next one that asks; the last run keeps a restarted service from running the task again.

CREATE TABLE upkeep_leases (
    name VARCHAR(64) CONSTRAINT upkeep_leases_pkey PRIMARY KEY,
    created_at TIMESTAMP NOT NULL,
    -- The columns of the claim are NULL until the first one.
    holder VARCHAR(255),
    claim_key UUID,
    acquired_at TIMESTAMP,
    renewed_at TIMESTAMP,
    expires_at TIMESTAMP,
    -- NULL while a process holds the lease.
    released_at TIMESTAMP,
    -- The columns of the last run are NULL until its end.
    last_holder VARCHAR(255),
    last_started_at TIMESTAMP,
    last_finished_at TIMESTAMP,
    last_succeeded_at TIMESTAMP,
    last_outcome VARCHAR(32),
    last_rows BIGINT
) WITH (fillfactor = 50);
