DROP TABLE user_identities;
DROP TABLE email_verification_tokens;
