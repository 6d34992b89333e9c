"""What this project adds to Airflow itself. Registration only."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

sys.path.append(str(Path(__file__).resolve().parents[1]))  # the project holds `include`; Airflow adds only `plugins`

from include.airflow_notes import write_note
from include.airflow_timetable import DailyTimetable

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun


class RunNotes:
    """Notes on the DAG runs that have ended."""

    @hookimpl
    def on_dag_run_success(self, dag_run: DagRun) -> None:
        write_note(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: DagRun) -> None:
        write_note(dag_run)


class CommentAnalysisPlugin(AirflowPlugin):
    """The notes of DAG runs, and the daily schedule."""

    name = "comment_analysis"
    listeners: ClassVar = [RunNotes()]
    timetables: ClassVar = [DailyTimetable]
