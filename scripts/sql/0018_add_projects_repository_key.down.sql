DROP TRIGGER projects_assign_repository_key ON projects;
DROP FUNCTION assign_repository_key();

ALTER TABLE projects
    DROP COLUMN access_proven_at,
    DROP COLUMN provider_repository_id,
    DROP COLUMN provider_host,
    DROP COLUMN provider,
    DROP COLUMN repository_path,
    DROP COLUMN repository_host;
