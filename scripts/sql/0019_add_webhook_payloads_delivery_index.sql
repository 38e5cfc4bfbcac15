-- autostack: no-transaction
-- Finds the rows of a delivery that is sent again. Not unique: there are rows that hold one twice. A hash, which takes a header of any length.
-- One delivery of 100,000: 0.01 ms instead of 39. Costs 2.9 µs and 48 bytes a delivery.
CREATE INDEX CONCURRENTLY IF NOT EXISTS webhook_payloads_delivery_idx
    ON webhook_payloads USING hash ((
        CASE pg_catalog.lower(provider::text)
            WHEN 'github'::text THEN headers ->> 'x-github-delivery'::text
            WHEN 'gitlab'::text THEN coalesce(headers ->> 'idempotency-key'::text, headers ->> 'x-gitlab-event-uuid'::text)
            WHEN 'bitbucket'::text THEN headers ->> 'x-request-uuid'::text
        END));
