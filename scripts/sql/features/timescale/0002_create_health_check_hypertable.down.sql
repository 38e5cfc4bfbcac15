-- autostack: no-transaction
-- The checks go home: the down script of the version after this one has put the plain table back. They move by chunks, the newest first,
-- each committed on its own; a run that was cut off is taken up where it stopped.
DO $$
DECLARE
    chunk regclass;
BEGIN
    IF pg_catalog.to_regclass('autostack_timescale.deployment_health_checks') IS NULL THEN
        RETURN;
    END IF;
    FOR chunk IN
        SELECT s.chunk
        FROM public.show_chunks('autostack_timescale.deployment_health_checks') WITH ORDINALITY AS s (chunk, place)
        ORDER BY s.place DESC
    LOOP
        -- Deployments are locked before their checks, as everywhere.
        EXECUTE pg_catalog.format(
            'WITH kept AS MATERIALIZED (
                SELECT d.id
                FROM public.deployments d
                WHERE d.id = ANY (ARRAY(SELECT DISTINCT h.deployment_id FROM %s h))
                ORDER BY d.id
                FOR KEY SHARE
            )
            SELECT pg_catalog.count(*) FROM kept', chunk);
        EXECUTE pg_catalog.format('INSERT INTO public.deployment_health_checks SELECT * FROM %s ON CONFLICT (id) DO NOTHING', chunk);
        COMMIT;
        PERFORM public.drop_health_check_table(chunk);
        COMMIT;
    END LOOP;
    PERFORM public.drop_health_check_table('autostack_timescale.deployment_health_checks');
END
$$;
