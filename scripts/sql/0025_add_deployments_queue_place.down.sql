-- The sequences belong to the column.
DROP TRIGGER deployments_serve_queue_turn ON deployments;
DROP TRIGGER deployments_assign_queue_place ON deployments;
DROP FUNCTION serve_queue_turn();
DROP FUNCTION assign_queue_place();
ALTER TABLE deployments DROP COLUMN queue_place;
