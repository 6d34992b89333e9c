# The official image, with the locked requirements and the project in it. The version is that of requirements.txt.
FROM apache/airflow:slim-3.3.2-python3.11

COPY requirements-cluster.lock /
RUN pip install --no-cache-dir --no-deps --require-hashes -r /requirements-cluster.lock

# The image's user is `airflow`, group 0: whatever user it is run as, it is in that group.
COPY --chown=airflow:0 config /opt/airflow/config
COPY --chown=airflow:0 dags /opt/airflow/dags
COPY --chown=airflow:0 include /opt/airflow/include
COPY --chown=airflow:0 plugins /opt/airflow/plugins
