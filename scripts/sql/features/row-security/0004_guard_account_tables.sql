-- autostack: requires=core:49
-- Policies for the tables of core version 49, in the form of version 2. The tenant role has no right on either table: proofs of addresses
-- and links are read and changed by the role of the service.
CREATE POLICY email_verification_tokens_tenant ON email_verification_tokens USING (NOT (
    pg_catalog.uuid_ne(user_id, (SELECT public.row_security_user_id()))
    AND pg_catalog.uuid_ne((SELECT public.row_security_user_id()), user_id)));
ALTER TABLE email_verification_tokens ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY user_identities_tenant ON user_identities USING (NOT (
    pg_catalog.uuid_ne(user_id, (SELECT public.row_security_user_id()))
    AND pg_catalog.uuid_ne((SELECT public.row_security_user_id()), user_id)));
ALTER TABLE user_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
