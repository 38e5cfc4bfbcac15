DROP FUNCTION row_security_owns(uuid);
DROP FUNCTION row_security_user_id();
