DROP TABLE deployment_runtime_logs;
DROP TABLE deployment_health_checks;
DROP TABLE deployment_containers;
