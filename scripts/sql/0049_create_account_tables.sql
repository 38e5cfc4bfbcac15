-- Proofs of e-mail addresses by mail, and accounts at providers. The accounts at GitHub and Google are columns of users; those at further
-- providers are rows here.

CREATE TABLE email_verification_tokens (
    id UUID CONSTRAINT email_verification_tokens_pkey PRIMARY KEY,
    user_id UUID NOT NULL CONSTRAINT email_verification_tokens_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    -- 'verify' for the address that the account has, 'change' for the one that it gets.
    purpose VARCHAR(20) NOT NULL,
    -- The address that the token proves.
    email VARCHAR(255) NOT NULL,
    -- The address of the account when the token was issued.
    previous_email VARCHAR(255) NOT NULL,
    token_hash VARCHAR(64) CONSTRAINT email_verification_tokens_token_hash_key UNIQUE NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    used_at TIMESTAMP,
    -- When a newer token, another password or another address ended the token; NULL for one that none of them has ended.
    ended_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);

-- The tokens of one user, also for the cascade when the user is deleted.
CREATE INDEX email_verification_tokens_user_id_idx ON email_verification_tokens (user_id);

CREATE TABLE user_identities (
    id UUID CONSTRAINT user_identities_pkey PRIMARY KEY,
    user_id UUID NOT NULL CONSTRAINT user_identities_user_id_fkey REFERENCES users (id) ON DELETE CASCADE,
    -- 'gitlab' or 'bitbucket'.
    provider VARCHAR(20) NOT NULL,
    provider_id VARCHAR(255) NOT NULL,
    linked_at TIMESTAMP NOT NULL,
    CONSTRAINT user_identities_user_id_provider_key UNIQUE (user_id, provider),
    CONSTRAINT user_identities_provider_id_provider_key UNIQUE (provider_id, provider)
);
