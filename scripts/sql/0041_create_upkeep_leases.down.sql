DROP TABLE upkeep_leases;
