-- autostack: requires=row-security:3
-- Signed identity: row security believes a user only with a signature, so that a session of the tenant role cannot claim another user.
-- The keys are in a schema of their own, on which nobody but the owner has rights.
CREATE SCHEMA autostack_identity;

-- The key of HMAC-SHA256, as its two hashes need it: padded to 64 bytes, and combined with the constants of the method.
CREATE TABLE autostack_identity.keys (
    name VARCHAR(63) CONSTRAINT identity_keys_pkey PRIMARY KEY,
    inner_key BYTEA NOT NULL,
    outer_key BYTEA NOT NULL,
    added_at TIMESTAMP DEFAULT pg_catalog.timezone('UTC', pg_catalog.now()) NOT NULL
);

-- Adds a key, at least 32 bytes in base64, or replaces that of the name.
CREATE FUNCTION row_security_add_key(key_name text, key_in_base64 text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    key bytea := decode(key_in_base64, 'base64');
    inner_key bytea;
    outer_key bytea;
BEGIN
    IF octet_length(key) < 32 THEN
        RAISE 'The key has % bytes; it has at least 32', octet_length(key) USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF octet_length(key) > 64 THEN
        key := sha256(key);
    END IF;
    key := key || decode(repeat('00', 64 - octet_length(key)), 'hex');
    inner_key := key;
    outer_key := key;
    FOR place IN 0 .. 63 LOOP
        inner_key := set_byte(inner_key, place, get_byte(key, place) # 54);
        outer_key := set_byte(outer_key, place, get_byte(key, place) # 92);
    END LOOP;
    INSERT INTO autostack_identity.keys AS k (name, inner_key, outer_key)
    VALUES (key_name, inner_key, outer_key)
    ON CONFLICT (name) DO UPDATE
    SET inner_key = excluded.inner_key, outer_key = excluded.outer_key, added_at = excluded.added_at;
END
$$;

REVOKE ALL ON FUNCTION row_security_add_key(text, text) FROM PUBLIC;

-- The user of a claim "id.expiry.signature", in which the signature is that of "id.expiry" by one of the keys, 64 hexadecimal digits. No
-- part of the claim is read before its signature is found right. The hashes of the two signatures are compared, so that the time of the
-- comparison says nothing about the right one.
CREATE OR REPLACE FUNCTION row_security_user_id() RETURNS uuid
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    claim text := current_setting('autostack.user_id', TRUE);
    signed text := left(claim, -65);
BEGIN
    IF claim IS NULL OR claim = '' THEN
        RETURN NULL;
    END IF;
    IF EXISTS (
        SELECT
        FROM autostack_identity.keys k
        WHERE sha256(convert_to(encode(sha256(k.outer_key || sha256(k.inner_key || convert_to(signed, 'UTF8'))), 'hex'), 'UTF8'))
            = sha256(convert_to(right(claim, 64), 'UTF8')))
    THEN
        IF split_part(signed, '.', 2)::bigint > extract(epoch FROM statement_timestamp()) THEN
            RETURN split_part(signed, '.', 1)::uuid;
        END IF;
    END IF;
    RAISE 'The identity of the transaction has no valid signature, or has expired' USING ERRCODE = 'invalid_authorization_specification';
END
$$;
