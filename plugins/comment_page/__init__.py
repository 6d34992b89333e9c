"""The page "Comment analysis" and its REST API, which the plugin mounts in Airflow's API server."""
