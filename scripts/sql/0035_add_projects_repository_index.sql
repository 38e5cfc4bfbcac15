-- autostack: no-transaction
-- The projects of one repository, in whichever of its forms each owner gave it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS projects_repository_path_id_idx ON projects (repository_path, id);
