-- autostack: requires=core:50
-- Policies for the tables of core version 50: a row belongs to the owner of its project, and the pause of the whole queue to nobody. The
-- tenant role has no right on either table: pauses and what is live are read and changed by the role of the service.
CREATE POLICY queue_pauses_tenant ON queue_pauses USING (
    (SELECT TRUE AS is_own FROM public.projects p WHERE p.id OPERATOR(pg_catalog.=) project_id));
ALTER TABLE queue_pauses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY live_deployments_tenant ON live_deployments USING (
    (SELECT TRUE AS is_own FROM public.projects p WHERE p.id OPERATOR(pg_catalog.=) project_id));
ALTER TABLE live_deployments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
