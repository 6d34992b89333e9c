"""Writes how a run ended into the note of its DAG run, where Airflow's UI shows it.

No task can set the note, so a listener does it, in the process that ends DAG runs (the scheduler). The folder of the
run must be readable there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

    from include.analysis.run_folder import RunFolder

log = logging.getLogger(__name__)

DAG_ID = "comment_analysis"
LONGEST_NOTE = 1000  # characters; Airflow's table takes no more
HEADING = "Comment analysis: "


def write_note(dag_run: DagRun) -> None:
    """Set the note of a DAG run that has ended. What someone else wrote there stays, above ours.

    No failure disturbs Airflow: it is logged.
    """
    if dag_run.dag_id != DAG_ID:
        return
    from include.analysis.run_folder import RunFolder
    from include.analysis.settings import load_settings

    try:
        run = RunFolder.of_run(dag_run.run_id, load_settings())
        with _attached(dag_run) as record:
            record.note = _noted(record.note or "", outcome(run))
    except Exception:
        log.warning("no note was written for the run %s", dag_run.run_id, exc_info=True)


def outcome(run: RunFolder) -> list[str]:
    """How the run in a folder ended, line by line."""
    from include.analysis.files import read_json
    from include.analysis.report_text import summary_lines

    run.fetch("results.json", "skipped.json", "errors/")
    if run.results_file.exists():
        return summary_lines(read_json(run.results_file), run.path)
    if reason := run.skipped():
        return [f"skipped: {reason}"]
    failures = [f"{task}: {failure['message']}" for task, failure in run.failures().items()]
    return ["failed", *(failures or ["the log of the task that failed says why"])]


@contextmanager
def _attached(dag_run: DagRun) -> Iterator[DagRun]:
    """The DAG run, in the session that it has, or in a new one: the scheduler's has one, that of `dags test` none.

    Not in a new one always: the scheduler's may hold the lock of the row.
    """
    from airflow.utils.session import create_session
    from sqlalchemy.orm import object_session

    if object_session(dag_run) is not None:
        yield dag_run
        return
    with create_session() as session:
        yield session.get_one(type(dag_run), dag_run.id)


def _noted(earlier: str, lines: list[str]) -> str:
    """The note that says these lines below what someone else wrote; what is too long is cut."""
    ours = HEADING + "\n".join(f"{line}  " for line in lines)  # two spaces: a line break where the UI shows it
    note = earlier.partition(HEADING)[0][: max(0, LONGEST_NOTE - len(ours))] + ours
    return note if len(note) <= LONGEST_NOTE else note[: LONGEST_NOTE - 1] + "…"
