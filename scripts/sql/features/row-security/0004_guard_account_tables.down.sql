ALTER TABLE user_identities DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
DROP POLICY user_identities_tenant ON user_identities;
ALTER TABLE email_verification_tokens DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
DROP POLICY email_verification_tokens_tenant ON email_verification_tokens;
