-- autostack: no-transaction
-- The trigger fills the columns of a row that is written. A thousand existing rows at a time, each time committed: writers wait for no more than that.
DO $$
DECLARE
    last uuid := '00000000-0000-0000-0000-000000000000';
    batch uuid[];
BEGIN
    LOOP
        batch := ARRAY(SELECT p.id FROM projects p WHERE p.id > last ORDER BY p.id LIMIT 1000);
        EXIT WHEN pg_catalog.cardinality(batch) = 0;
        UPDATE projects p
        SET repository = p.repository
        WHERE p.id = ANY (batch) AND p.repository_path IS NULL;
        COMMIT;
        last := batch[pg_catalog.cardinality(batch)];
    END LOOP;
END
$$;
