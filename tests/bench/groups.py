"""The groups of rows, in the order of the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.bench import analysers, dag, engine, guard, memory, parsing, tasks, workbook
from tests.bench.session import Session
from tests.bench.table import Row


@dataclass(frozen=True)
class Group:
    """How to measure some rows, and the subjects that must be measured before (see `session.py`).

    Some are measured only when asked for, and some too slow for `--quick`.
    """

    rows: Callable[[Session], list[Row]]
    subjects: tuple[str, ...] = ()
    on_demand: bool = False
    slow: bool = False


GROUPS = {
    "parse": Group(parsing.dag_files),
    "analysers": Group(analysers.alone),
    "profile": Group(analysers.profiles),
    "task": Group(tasks.fixed_cost, slow=True),  # before the runs of the DAG, for it makes the home of Airflow
    "engine": Group(engine.speed, ("pandas", "polars", "basic", "all")),
    "steps": Group(engine.steps),
    "comments": Group(engine.comments_files, ("basic", "comments")),
    "near": Group(engine.near_duplicates, ("basic", "all")),
    "dag": Group(dag.against_engine, ("all", "start", "dag")),
    "memory": Group(memory.of_tasks, ("dag",)),
    "xlsx": Group(workbook.reading),
    "large": Group(memory.of_large, ("basic", "dag"), on_demand=True),
    "guard": Group(guard.rows_of, on_demand=True),
}
