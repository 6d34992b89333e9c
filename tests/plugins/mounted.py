"""Airflow's API server in the test's process, with the plugin mounted, and its users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.conftest import PROJECT

PREFIX = "/comment-analysis"
API = f"{PREFIX}/api"
DAG_ID = "comment_analysis"
ORIGIN = "http://testserver"
USERS = {"ana": "admin", "uma": "user", "vera": "viewer"}


@dataclass
class Mounted:
    """The application of Airflow, and what a caller needs."""

    app: Any
    inbox: Path
    output: Path

    def client(self, user: str | None = "uma", **options: Any) -> Any:
        """A caller with the token of a user; None for nobody."""
        from starlette.testclient import TestClient

        headers = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        return TestClient(self.app, headers=headers, raise_server_exceptions=False, **options)

    def browser(self, user: str) -> Any:
        """A caller with the cookie of a user."""
        client = self.client(None)
        client.cookies.set("_token", self.token(user))
        return client

    def token(self, user: str) -> str:
        """A token that Airflow gives."""
        from airflow.api_fastapi.app import get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

        return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user, role=USERS[user])))

    def folder(self, job_id: str) -> Path:
        from include.analysis.run_folder import RunFolder
        from include.analysis.settings import load_settings

        return RunFolder.of_run(job_id, load_settings()).path


def start(client: Any, **body: Any) -> str:
    """Start a job; returns its id."""
    answer = client.post(f"{API}/batch/process", json=body)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["job_id"])


def set_state(job_id: str, state: str, **values: Any) -> None:
    """Have Airflow say that the run of a job is in a state: no scheduler runs here."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.run_id == job_id)).one()
        run._state = state
        for name, value in values.items():
            setattr(run, name, value)


def of_job(job_id: str, rest: str = "") -> str:
    return f"{API}/runs/{quote(job_id, safe='')}{rest}"


def status_of(job_id: str) -> str:
    return f"{API}/batch/status/{quote(job_id, safe='')}"


@contextmanager
def mounted(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[Mounted]:
    """Airflow with the plugin, and an inbox and an output root of its own."""
    import pytest
    from airflow.api_fastapi.app import create_app

    inbox, output = folder / "inbox", folder / "runs"
    inbox.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMMENT_ANALYSIS_INBOX", str(inbox))
        patch.setenv("COMMENT_ANALYSIS_OUTPUT", str(output))
        for name, value in (environment or {}).items():
            patch.setenv(name, value)
        yield Mounted(create_app(), inbox, output)


def store_dag() -> None:
    """Have the DAG in Airflow's database, as the DAG processor would."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.merge(DagBundleModel(name="dags-folder"))
    bag = DagBag(str(PROJECT / "dags"), bundle_path=PROJECT / "dags", bundle_name="dags-folder")
    assert bag.import_errors == {}
    sync_bag_to_db(bag, "dags-folder", None)
