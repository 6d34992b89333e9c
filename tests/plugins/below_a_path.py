"""Airflow below a path of its proxy, which is decided when Airflow is first imported: run in a process of its own."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import tests.conftest  # noqa: F401 - the environment

os.environ["AIRFLOW__API__BASE_URL"] = "https://example.test/airflow"
os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = "ana:admin,uma:user,vera:viewer"
os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "a secret of the tests, known to nobody else" * 2

from airflow.utils.db import initdb

from tests.analysis.made_runs import write_comments
from tests.plugins.mounted import mounted, store_dag

BELOW = "/airflow/comment-analysis"


def main() -> None:
    """Ask for the page and start a job as a proxy passes that on, with the path."""
    initdb()
    store_dag()
    with mounted(Path(tempfile.mkdtemp())) as airflow:
        write_comments(airflow.inbox / "a.csv", ["muy lento"])
        client = airflow.browser("uma")
        page = client.get(f"{BELOW}/")
        assert page.status_code == 200 and 'src="static/js/app.js"' in page.text, page.text
        assert client.get(f"{BELOW}/static/js/app.js").status_code == 200
        headers = {"X-Requested-With": "page", "Origin": "https://example.test"}
        job = client.post(f"{BELOW}/api/batch/process", json={"input_path": "a.csv"}, headers=headers)
        assert job.status_code == 202, job.text
        assert job.json()["status_url"].startswith(f"{BELOW}/api/batch/status/"), job.text
        assert client.get(job.json()["status_url"]).json()["state"] == "queued"
        assert client.get(f"{BELOW}/api/openapi.json").json()["servers"] == [{"url": BELOW}]
        login = airflow.client(None).get(f"{BELOW}/", headers={"Accept": "text/html"})
        assert 'href="/airflow/auth/login?next=/airflow/comment-analysis/"' in login.text, login.text
        admin = airflow.client("ana").get("/airflow/api/v2/plugins").json()["plugins"]
        (view,) = next(one for one in admin if one["name"] == "comment_analysis")["external_views"]
        assert view["href"] == f"{BELOW}/", view


if __name__ == "__main__":
    main()
