-- autostack: requires=core:48 requires-extension=citus excludes=log-partitions excludes=timescale
-- Logs and health checks on other nodes of a Citus cluster: each of these tables is whole on one node.

-- Stores the ids of new deployments and removes those of removed ones, in the transaction that changes the deployments. The removal of
-- an id removes the lines and checks of the deployment, on every node. It runs as the role that changes the deployments, because the owner
-- of the tables may not log in to another node.
CREATE FUNCTION keep_deployment_ids() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids uuid[];
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM public.deployment_ids;
        RETURN NULL;
    END IF;
    -- The rows of the statement are known to this node only.
    ids := ARRAY(SELECT c.id FROM changed c);
    IF cardinality(ids) > 0 AND TG_OP = 'INSERT' THEN
        INSERT INTO public.deployment_ids (id) SELECT unnest(ids);
    ELSIF cardinality(ids) > 0 THEN
        DELETE FROM public.deployment_ids WHERE id = ANY (ids);
    END IF;
    RETURN NULL;
END
$$;

-- Moves a table to a node that Citus chooses, and its foreign key to the table of ids. The last numbers of logs, which are few and which
-- appends to both kinds of log read, are on every node instead. Citus calls a trigger unsafe because it works on the node that has the
-- row: the trigger that numbers lines reads tables of that node only.
CREATE FUNCTION distribute_log_table(of_table text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET citus.enable_unsafe_triggers = on AS $$
DECLARE
    target CONSTANT regclass := format('public.%I', of_table);
    foreign_key CONSTANT text := of_table || '_deployment_id_fkey';
BEGIN
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', target, foreign_key);
    IF of_table = 'deployment_log_ends' THEN
        PERFORM create_reference_table(target);
    ELSE
        PERFORM create_distributed_table(target, NULL, colocate_with => 'none');
    END IF;
    -- The rows have been copied; the table on this node keeps none.
    PERFORM truncate_local_data_after_distributing_table(target);
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I FOREIGN KEY (deployment_id) REFERENCES public.deployment_ids (id) ON DELETE CASCADE',
        target, foreign_key);
END
$$;

-- Moves a table back to this node, where a restored dump has it already.
CREATE FUNCTION gather_log_table(of_table text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    foreign_key CONSTANT text := of_table || '_deployment_id_fkey';
BEGIN
    EXECUTE format('ALTER TABLE public.%I DROP CONSTRAINT %I', of_table, foreign_key);
    PERFORM undistribute_table(p.logicalrelid) FROM pg_dist_partition p WHERE p.logicalrelid = format('public.%I', of_table)::regclass;
    EXECUTE format(
        'ALTER TABLE public.%I ADD CONSTRAINT %I FOREIGN KEY (deployment_id) REFERENCES public.deployments (id) ON DELETE CASCADE',
        of_table, foreign_key);
END
$$;

REVOKE ALL ON FUNCTION keep_deployment_ids(), distribute_log_table(text), gather_log_table(text) FROM PUBLIC;
