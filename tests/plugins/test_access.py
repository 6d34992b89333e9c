"""Who may do what: every route that there is, for nobody, for who may only look, and for who may do it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount

from tests.conftest import PROJECT
from tests.plugins.mounted import API, ORIGIN, PREFIX, Mounted, start

WRITES = {"/api/batch/process": 202, "/api/uploads": 201, "/api/batch/cancel/{job_id}": 200}
"""Every route that changes something, and what it answers to who may call it."""
CSV = b"Comentario Final\nmuy lento\n"


@dataclass
class Call:
    """A request that a route answers well, when its caller may make it."""

    method: str
    path: str
    options: dict[str, Any]

    def by(self, client: Any, **more: Any) -> Any:
        return client.request(self.method, self.path, **{**self.options, **more})


def application(airflow: Mounted) -> Any:
    return next(route.app for route in airflow.app.routes if getattr(route, "path", "") == PREFIX)


def routes(airflow: Mounted) -> list[APIRoute]:
    """All of them: what is neither a route of ours nor the folder of static files must not be there."""
    found = application(airflow).routes
    others = [route for route in found if not isinstance(route, APIRoute)]
    assert [(type(route), route.path) for route in others] == [(Mount, "/static")]
    return [route for route in found if isinstance(route, APIRoute)]


def calls(airflow: Mounted, finished: str, waiting: str) -> Iterator[tuple[APIRoute, Call]]:
    """A good request to every route."""
    for route in routes(airflow):
        job = waiting if "cancel" in route.path else finished
        path = PREFIX + route.path.replace("{job_id}", job).replace("{name}", "results.json")
        options: dict[str, Any] = {}
        if route.path == "/api/preview":
            options = {"params": {"file": "abril.csv"}}
        elif route.path == "/api/batch/process":
            options = {"json": {"input_path": "abril.csv"}}
        elif route.path == "/api/uploads":
            options = {"params": {"name": "a.csv"}, "content": CSV}
        for method in route.methods:
            yield route, Call(method, path, options)


@pytest.fixture
def waiting(airflow: Mounted, export: Path) -> str:
    return start(airflow.client("uma"), input_path=export.name)


@pytest.fixture
def everything(airflow: Mounted, finished: str, waiting: str) -> list[tuple[APIRoute, Call]]:
    return list(calls(airflow, finished, waiting))


def test_there_are_the_routes_that_change_something(everything: list[tuple[APIRoute, Call]]) -> None:
    assert {route.path for route, call in everything if call.method != "GET"} == set(WRITES)
    assert len(everything) >= 14


def test_nobody_may_call_any_route(airflow: Mounted, everything: list[tuple[APIRoute, Call]]) -> None:
    nobody = airflow.client(None)
    for _, call in everything:
        answer = call.by(nobody)
        assert answer.status_code == 401, call
        assert answer.json() == {"detail": "Not authenticated"}
        assert call.by(nobody, headers={"Authorization": "Bearer forged"}).status_code == 403
    assert nobody.get(f"{API}/not-there").status_code == 401
    assert nobody.post(f"{API}/batch/process", content=b"{broken").status_code == 401
    assert nobody.get(f"{PREFIX}/openapi.json").status_code == nobody.get(f"{PREFIX}/docs").status_code == 401


def test_who_may_only_look_changes_nothing(airflow: Mounted, everything: list[tuple[APIRoute, Call]]) -> None:
    viewer = airflow.client("vera")
    for route, call in everything:
        answer = call.by(viewer)
        assert answer.status_code == (403 if route.path in WRITES else 200), (call, answer.text)


def test_without_the_permission_to_look_nothing_is_shown(
    airflow: Mounted, everything: list[tuple[APIRoute, Call]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.app import get_auth_manager

    client = airflow.client("uma")
    monkeypatch.setattr(type(get_auth_manager()), "is_authorized_dag", lambda *_, **__: False)
    for _, call in everything:
        assert call.by(client).status_code == 403, call


def test_who_may_does(airflow: Mounted, everything: list[tuple[APIRoute, Call]]) -> None:
    client = airflow.client("uma")
    for route, call in everything:
        answer = call.by(client)
        assert answer.status_code == WRITES.get(route.path, 200), (call, answer.text)


@pytest.mark.parametrize(("user", "status"), [(None, 401), ("vera", 403)])
def test_nothing_is_read_of_an_upload_that_is_refused(airflow: Mounted, user: str | None, status: int) -> None:
    import anyio

    answers: list[dict[str, Any]] = []
    read: list[int] = []

    async def receive() -> dict[str, Any]:
        read.append(1)
        return {"type": "http.request", "body": b"x" * 1000, "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    headers = [(b"host", b"testserver"), (b"content-length", b"1000000")]
    headers += [(b"authorization", f"Bearer {airflow.token(user)}".encode())] if user else []
    scope = {
        "type": "http", "method": "POST", "path": "/api/uploads", "raw_path": b"/api/uploads", "root_path": "",
        "query_string": b"name=a.csv", "headers": headers, "scheme": "http", "http_version": "1.1", "state": {},
        "server": ("testserver", 80), "client": ("testclient", 1), "asgi": {"version": "3.0"}, "app": airflow.app,
    }  # fmt: skip
    anyio.run(application(airflow), scope, receive, send)
    assert answers[0]["status"] == status
    assert read == []


def test_airflow_takes_the_package_for_no_plugin(airflow: Mounted) -> None:
    from airflow import plugins_manager

    plugins, errors = plugins_manager._get_plugins()
    assert errors == {}
    assert [plugin.name for plugin in plugins].count("comment_analysis") == 1
    folder = str(PROJECT / "plugins" / "comment_page")
    loaded = {name for name, module in sys.modules.items() if str(getattr(module, "__file__", "")).startswith(folder)}
    assert loaded and all(name.partition(".")[0] == "comment_page" for name in loaded)


def test_static_files_are_for_everybody_and_nothing_else_is_in_them(airflow: Mounted) -> None:
    nobody = airflow.client(None)
    assert nobody.get(f"{PREFIX}/static/page.css").status_code == 200
    assert nobody.get(f"{PREFIX}/static/js/app.js").status_code == 200
    for path in ("../page.html", "..%2fpage.html", "%2e%2e/page.html", "js/../../gate.py", ""):
        assert nobody.get(f"{PREFIX}/static/{path}").status_code in {401, 404}, path


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"X-Requested-With": "page"}, 202),
        ({"X-Requested-With": "page", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 202),
        ({}, 403),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 403),
        ({"X-Requested-With": "page", "Origin": "http://testserver:8000"}, 403),
        ({"X-Requested-With": "page", "Origin": "https://evil.example"}, 403),
        ({"X-Requested-With": "page", "Origin": "null"}, 403),
        ({"X-Requested-With": "page", "Sec-Fetch-Site": "same-site"}, 403),
        ({"X-Requested-With": "page", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Authorization": "Basic dW1hOnVtYQ=="}, 403),
    ],
)
def test_another_site_cannot_use_the_cookie(
    airflow: Mounted, export: Path, headers: dict[str, str], status: int
) -> None:
    answer = airflow.browser("uma").post(f"{API}/batch/process", json={"input_path": export.name}, headers=headers)
    assert answer.status_code == status, answer.text
    for path in ("uploads?name=a.csv", "batch/cancel/x"):
        refused = airflow.browser("uma").post(f"{API}/{path}", content=CSV, headers=headers).status_code == 403
        assert refused == (status == 403), path


def test_the_page_is_shut_to_scripts_and_other_sites(airflow: Mounted) -> None:
    page = airflow.browser("vera").get(f"{PREFIX}/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert "style=" not in page.text and "onclick" not in page.text
    assert page.headers["x-content-type-options"] == "nosniff"
    assert '<html lang="es">' in page.text
    assert '<html lang="en">' in airflow.browser("vera").get(f"{PREFIX}/?lang=en").text
    data = airflow.browser("vera").get(f"{API}/options")
    assert data.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert data.headers["cache-control"] == "no-store"


def test_a_browser_without_a_session_is_shown_the_way_to_the_login(airflow: Mounted) -> None:
    answer = airflow.client(None).get(f"{PREFIX}/", headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert 'href="/auth/login?next=/comment-analysis/"' in answer.text


def test_processes_load_the_page_only_to_serve_it_and_nothing_heavy_for_it() -> None:
    code = "\n".join(
        [
            "import sys, comment_analysis_plugin as plugin",
            "assert 'comment_page' not in sys.modules",
            "before = set(sys.modules)",
            "assert plugin.CommentAnalysisPlugin().fastapi_apps[0]['url_prefix'] == '/comment-analysis'",
            "heavy = {'pandas', 'pyarrow', 'numpy', 'python_calamine'} & (set(sys.modules) - before)",
            "assert not heavy, heavy",
        ]
    )
    path = os.pathsep.join([str(PROJECT / "plugins"), str(PROJECT)])
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_airflow_may_lie_below_a_path() -> None:
    command = [sys.executable, "-m", "tests.plugins.below_a_path"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_cancelled_jobs_say_who_stopped_them(airflow: Mounted, waiting: str) -> None:
    client = airflow.client("uma")
    answer = client.post(f"{API}/batch/cancel/{waiting}").json()
    assert (answer["state"], answer["airflow_state"]) == ("cancelled", "failed")
    note = client.get(f"/api/v2/dags/comment_analysis/dagRuns/{waiting}").json()["note"]
    assert note.splitlines()[0] == "Stopped by uma."
    again = client.post(f"{API}/batch/cancel/{waiting}")
    assert (again.status_code, again.json()["detail"]) == (409, "the job has ended already (failed)")
