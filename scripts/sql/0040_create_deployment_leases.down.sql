DROP TABLE deployment_leases;
