-- The leases of claims: which worker builds a deployment, and until when. A row of its own, not columns of deployments: a heartbeat updates
-- the lease only, in place (no index holds what it changes, and pages keep room for the new version), and the indexes of deployments stay
-- as they are. A deployment that went back to the queue keeps its row, which counts the attempts; the end of a deployment removes the row.
-- An expired lease is found by reading the table, which has a row per running deployment. A vacuum leaves the empty pages at its end: the
-- planner would read a table of one page whole, and keep that plan when thousands of leases come and go before the next vacuum.

CREATE TABLE deployment_leases (
    deployment_id UUID CONSTRAINT deployment_leases_pkey PRIMARY KEY
        CONSTRAINT deployment_leases_deployment_id_fkey REFERENCES deployments (id) ON DELETE CASCADE,
    worker VARCHAR(255) NOT NULL,
    claim_key UUID NOT NULL,
    attempt INTEGER NOT NULL,
    claimed_at TIMESTAMP NOT NULL,
    renewed_at TIMESTAMP NOT NULL,
    -- NULL for a lease that never expires.
    expires_at TIMESTAMP,
    -- NULL while the worker holds the deployment; the time at which the deployment went back to the queue.
    released_at TIMESTAMP,
    CONSTRAINT deployment_leases_claim_key_key UNIQUE (claim_key)
) WITH (fillfactor = 50, vacuum_truncate = FALSE);
