"""Runs of the DAG inside the test's process, by Airflow's own `dag.test`."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.conftest import PROJECT

DAG_FILE = PROJECT / "dags" / "comment_analysis.py"


def load() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(DAG_FILE.parent))
    assert bag.import_errors == {}
    return bag.dags["comment_analysis"]


def run(conf: dict[str, Any] | None = None, logical_date: datetime | None = None) -> Any:
    """Run the DAG in this process, without waiting between retries or for other processes."""
    dag = load()
    for task in dag.tasks:
        task.retry_delay = timedelta(0)
        task.retry_exponential_backoff = 0
    sleep = time.sleep
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.02)))
        return dag.test(run_conf=conf, logical_date=logical_date)


def states(dag_run: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for instance in sorted(dag_run.get_task_instances(), key=lambda one: one.map_index):
        found.setdefault(instance.task_id, []).append(str(instance.state))
    return found


def note_of(dag_run: Any) -> str:
    from airflow.models.dagrun import DagRunNote
    from airflow.utils.session import create_session

    with create_session() as session:
        note = session.get(DagRunNote, dag_run.id)
        assert note is not None
        return str(note.content)
