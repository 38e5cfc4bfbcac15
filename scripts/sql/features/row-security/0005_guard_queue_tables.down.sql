ALTER TABLE live_deployments DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
DROP POLICY live_deployments_tenant ON live_deployments;
ALTER TABLE queue_pauses DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
DROP POLICY queue_pauses_tenant ON queue_pauses;
