-- Without its version a value does not open: those that are stored now are lost to the library, and must be stored again.
ALTER TABLE github_connections
    DROP COLUMN github_refresh_token_version,
    DROP COLUMN github_access_token_version;
ALTER TABLE deployments DROP COLUMN env_vars_version;
ALTER TABLE projects DROP COLUMN env_vars_version;
