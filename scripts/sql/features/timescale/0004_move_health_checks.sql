-- autostack: no-transaction
-- The checks move into the hypertable, some pages at a time, each time committed. Nobody writes into the plain table any more, so that one
-- pass is enough; a run that was cut off begins again and finds the first pages empty. The plain table takes its place back when the
-- feature is disabled.
DO $$
DECLARE
    pages CONSTANT bigint := pg_catalog.pg_relation_size('autostack_timescale.deployment_health_checks')
        / pg_catalog.current_setting('block_size')::bigint;
    first_page bigint := 0;
BEGIN
    WHILE first_page < pages LOOP
        -- Deployments are locked before their checks, as everywhere.
        EXECUTE pg_catalog.format(
            'WITH chosen AS MATERIALIZED (
                SELECT o.ctid AS place
                FROM autostack_timescale.deployment_health_checks o
                JOIN public.deployments d ON d.id = o.deployment_id
                WHERE o.ctid >= %L::tid AND o.ctid < %L::tid
                FOR KEY SHARE OF d
            ),
            gone AS (
                DELETE FROM autostack_timescale.deployment_health_checks h
                WHERE h.ctid = ANY (ARRAY(SELECT c.place FROM chosen c))
                RETURNING *
            )
            INSERT INTO public.deployment_health_checks SELECT * FROM gone ON CONFLICT DO NOTHING',
            pg_catalog.format('(%s,0)', first_page), pg_catalog.format('(%s,0)', first_page + 25));
        COMMIT;
        first_page := first_page + 25;
    END LOOP;
END
$$;
