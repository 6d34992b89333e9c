"""What this project adds to Airflow itself. Registration only."""

from __future__ import annotations

import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow.configuration import conf
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


NAME = "Comment analysis"
PATH = "comment-analysis"
ROOT = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
"""The path of Airflow itself, where a proxy has it below one."""


class CommentAnalysisPlugin(AirflowPlugin):
    """The page and its API, the notes of DAG runs, and the daily schedule."""

    name = "comment_analysis"
    listeners = [RunNotes()]  # noqa: RUF012
    timetables = [DailyTimetable]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {"name": NAME, "href": f"{ROOT}/{PATH}/", "destination": "nav", "category": "browse", "url_route": PATH}
    ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]
        """The page and its API. The API server alone asks for them, so no other process has to load them."""
        from comment_page.application import create_app

        return [{"app": create_app(), "url_prefix": f"/{PATH}", "name": NAME}]
