-- Another change has this version.
SELECT 1;
