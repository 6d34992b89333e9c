"""Airflow on one machine by one command: a single DAG run (`run`) and the whole Airflow with its UI (`ui`)."""
