-- autostack: requires=core:48 requires-extension=citus excludes=log-partitions excludes=timescale
-- Logs and health checks on other nodes of a Citus cluster: each of these tables is whole on one node.

-- The ids of the deployments, on every node: a foreign key of a distributed table refers to a table that its node has.
CREATE TABLE deployment_ids (
    id UUID CONSTRAINT deployment_ids_pkey PRIMARY KEY
);
SELECT create_reference_table('public.deployment_ids');

-- Stores the ids of new deployments and removes those of removed ones, in the transaction that changes the deployments. The removal of an id
-- removes the lines and checks of the deployment, on every node.
CREATE FUNCTION keep_deployment_ids() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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

CREATE TRIGGER deployments_keep_inserted_ids AFTER INSERT ON deployments
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_deployment_ids();
CREATE TRIGGER deployments_keep_deleted_ids AFTER DELETE ON deployments
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_deployment_ids();
CREATE TRIGGER deployments_keep_truncated_ids AFTER TRUNCATE ON deployments
    FOR EACH STATEMENT EXECUTE FUNCTION keep_deployment_ids();

-- The triggers have locked the table against changes until the end of this script.
INSERT INTO deployment_ids (id) SELECT d.id FROM deployments d;

-- Moves a table to a node that Citus chooses, and its foreign key to the table of ids. The last numbers of logs, which are few and which
-- appends to both kinds of log read, are on every node instead. Citus calls a trigger unsafe, because it works on the node that has the row:
-- the trigger that numbers lines reads tables of that node only.
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
    EXECUTE format('ALTER TABLE public.%I ADD CONSTRAINT %I FOREIGN KEY (deployment_id) REFERENCES public.deployments (id) ON DELETE CASCADE',
        of_table, foreign_key);
END
$$;

REVOKE ALL ON FUNCTION distribute_log_table(text), gather_log_table(text) FROM PUBLIC;
