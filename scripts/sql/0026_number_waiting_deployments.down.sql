-- The places go with their column.
SELECT 1;
