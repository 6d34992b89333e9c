"""Importing the DAG files, against importing Airflow alone."""

from __future__ import annotations

import statistics
import tempfile
from dataclasses import dataclass

from tests.bench import PROJECT
from tests.bench.children import probe
from tests.bench.session import Session, say
from tests.bench.table import Figure, Row, Target

GROUP = "parse"
DAGS = tuple(PROJECT / "dags" / f"{name}.py" for name in ("comment_analysis", "comment_trends"))
LIMIT_SECONDS = 0.3


@dataclass(frozen=True)
class Imports:
    """Processor seconds of a process that imports Airflow, and of one that imports the DAGs, in turn."""

    airflow: list[float]
    dags: list[float]
    heavy: list[str]

    @property
    def beyond(self) -> float:
        return statistics.median(one - other for one, other in zip(self.dags, self.airflow, strict=True))


def imports(runs: int) -> Imports:
    with tempfile.TemporaryDirectory(prefix="comment-analysis-home-") as home:
        environment = {"AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        probe("imports", *DAGS, environment=environment)  # makes the home and the byte code
        turns = [[probe("imports", *files, environment=environment) for files in ((), DAGS)] for _ in range(runs)]
    airflow, dags = ([found["processor"] for found in kind] for kind in zip(*turns, strict=True))
    return Imports(airflow, dags, sorted({name for _, found in turns for name in found["heavy"]}))


def dag_files(session: Session) -> list[Row]:
    say("parse")
    found = imports(session.runs)
    heavy = tuple(Figure(1, "modules", name) for name in found.heavy)
    return [
        Row(GROUP, "import of the DAG files beyond airflow.sdk", Figure(found.beyond, "s"), Target(LIMIT_SECONDS),
            (Figure(statistics.median(found.dags), "s"),), (Figure(statistics.median(found.airflow), "s"),),
            session.runs),
        Row(GROUP, "heavy modules imported by the DAG files", Figure(len(found.heavy), "modules"), Target(0), heavy,
            runs=session.runs),
    ]  # fmt: skip
