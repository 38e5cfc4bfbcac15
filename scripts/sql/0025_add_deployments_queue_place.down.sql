DROP TRIGGER deployments_assign_queue_place ON deployments;
DROP FUNCTION assign_queue_place();
ALTER TABLE deployments DROP COLUMN queue_place;
