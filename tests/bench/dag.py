"""The whole DAG on the embedded Airflow, against the engine alone."""

from __future__ import annotations

from tests.bench.session import FEW_ROWS, Session
from tests.bench.table import Figure, Row, Target, ratio

GROUP = "dag"


def against_engine(session: Session) -> list[Row]:
    """Both with all analyses and the report; what the DAG takes for ten rows is Airflow's fixed start."""
    dag, start, engine = (session.measured[name] for name in ("dag", "start", "all"))
    beyond = [one - other for one, other in zip(dag.seconds, start.seconds, strict=True)]
    times = ratio(beyond, engine.seconds)
    return [
        Row(
            GROUP,
            "whole DAG less its fixed start / engine",
            Figure(times, "x"),
            Target(1.25) if times > 0 else None,  # otherwise there are too few rows to tell
            (Figure(dag.median, "s"), Figure(session.rows / dag.median, "rows/s")),
            (Figure(engine.median, "s"),),
            session.long_runs,
        ),
        Row(GROUP, f"whole DAG over {FEW_ROWS} rows: the fixed start", Figure(start.median, "s"), runs=len(start.runs)),
    ]
