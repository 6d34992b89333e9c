"""The fixed cost of a task that analyses: what it takes for one small batch beyond a task that does nothing.

Both are in one run of the DAG on the embedded Airflow, one task at a time: beside each analysis of a batch there is an
empty mapped task. What is compared is the duration that Airflow keeps of a task instance, from the start of its process
to its end. That of an analysis has the analysing of ten rows (the smallest batch) and its part on disk in it.
"""

from __future__ import annotations

import sqlite3
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from include.analysis.settings import DEFAULT_ANALYSES
from tests.bench import PROJECT
from tests.bench.children import probe
from tests.bench.session import Session, say
from tests.bench.table import Figure, Row, Target

GROUP = "task"
LIMIT_SECONDS = 0.6
BATCH_ROWS = 10
BATCHES_PER_RUN = 2
EMPTY = "empty"

DAG_WITH_EMPTY_TASKS = f"""
import sys

sys.path.insert(0, {str(PROJECT)!r})
from airflow.sdk import XComArg, task
from dags.comment_analysis import dag

with dag:
    task(lambda batch: None, task_id={EMPTY!r}).expand(batch=XComArg(dag.get_task("split")))
dag.fileloc = __file__
"""
DURATIONS = "select task_id, duration from task_instance where map_index >= 0 and state = 'success'"


def fixed_cost(session: Session) -> list[Row]:
    batches = BATCHES_PER_RUN * session.runs
    say(f"{batches} small batches")
    found = probe("tasks", session.export(BATCH_ROWS * batches), session.folder / "tasks")
    costs = costs_of(found["durations"])
    return [
        Row(GROUP, f"{name} of {BATCH_ROWS} rows beyond an empty task", Figure(cost, "s"), Target(LIMIT_SECONDS),
            (Figure(statistics.median(found["durations"][name]), "s"),),
            (Figure(statistics.median(found["durations"][EMPTY]), "s"),), batches)
        for name, cost in costs.items()
    ]  # fmt: skip


def costs_of(durations: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """By analysis: how much longer the median task takes than the median empty one."""
    empty = statistics.median(durations[EMPTY])
    return {name: statistics.median(durations[name]) - empty for name in DEFAULT_ANALYSES}


def durations(export: str, folder: str) -> dict[str, Any]:
    """The probe: run the DAG with empty tasks beside its own; the durations of all mapped tasks, by name."""
    from include.local_airflow.database import copy, template
    from include.local_airflow.home import Home
    from include.local_airflow.processes import Children
    from include.local_airflow.run import Request, start

    place = Path(folder)
    (place / "dags").mkdir(parents=True)
    (place / "dags" / "with_empty_tasks.py").write_text(DAG_WITH_EMPTY_TASKS, encoding="utf-8")
    home = replace(Home.of_project(), dags=place / "dags")
    home.prepare()
    database, log = place / "airflow.db", place / "airflow.log"
    request = Request({"input_path": export, "batch_size": BATCH_ROWS}, place / "run", parallelism=1)
    with Children() as children:
        copy(template(home, children), database)
        airflow = start(request, home, database, log, children)
        status = airflow.dag.wait()
        children.end(airflow.server)
    assert status == 0, log.read_text(encoding="utf-8")
    return {"durations": read_durations(database)}


def read_durations(database: Path) -> dict[str, list[float]]:
    found = defaultdict(list)
    with closing(sqlite3.connect(database)) as connection:
        for name, seconds in connection.execute(DURATIONS):
            found[name].append(seconds)
    return dict(found)
