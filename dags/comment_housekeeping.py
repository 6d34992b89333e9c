"""The DAG `comment_housekeeping`: once a day it removes what finished runs no longer need.

Wiring only: the work is in `include.analysis.housekeeping`.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the project holds `include`; Airflow adds only `dags`

from airflow.sdk import DAG, task


@task
def clean() -> dict[str, Any]:
    """Remove the batches and parts of successful runs that are older than the setting says; results are kept."""
    from include.analysis import pipeline

    return pipeline.clean()


with DAG(
    "comment_housekeeping",
    description="Removes batches and parts of successful runs after some days; results are kept",
    schedule="@daily",
    catchup=False,
    max_active_runs=1,
    tags=["comments"],
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5)},
) as dag:
    clean()
