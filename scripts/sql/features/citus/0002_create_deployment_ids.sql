-- The ids of the deployments, on every node: a foreign key of a distributed table refers to a table that its node has.
CREATE TABLE deployment_ids (
    id UUID CONSTRAINT deployment_ids_pkey PRIMARY KEY
);
SELECT create_reference_table('public.deployment_ids');

CREATE TRIGGER deployments_keep_inserted_ids AFTER INSERT ON deployments
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_deployment_ids();
CREATE TRIGGER deployments_keep_deleted_ids AFTER DELETE ON deployments
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION keep_deployment_ids();
CREATE TRIGGER deployments_keep_truncated_ids AFTER TRUNCATE ON deployments
    FOR EACH STATEMENT EXECUTE FUNCTION keep_deployment_ids();

-- The triggers have locked the table against changes until the end of this script.
INSERT INTO deployment_ids (id) SELECT d.id FROM deployments d;
