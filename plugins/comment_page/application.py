"""The application that Airflow mounts: its routes, the gate before them, and how errors are told."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from comment_page.errors import add_handlers
from comment_page.gate import STATIC, Gate
from comment_page.routes import batch, comments, files, page, results, runs
from include.analysis import VERSION

AIRFLOW = "airflow.application"
"""Where a request keeps the application of Airflow that has passed it on."""


class MountedApp(FastAPI):
    """An application that remembers, for each request, which one it is mounted in: it asks Airflow's API there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault(AIRFLOW, scope.get("app"))
        await super().__call__(scope, receive, send)


def create_app() -> FastAPI:
    """The page and the API. The documents of the API are a route of its own, behind the gate like all others."""
    app = MountedApp(
        title="Comment analysis",
        version=VERSION,
        description="Start an analysis of customer comments, follow it, and read its results. Every job is a run of "
        "the DAG comment_analysis. Callers are users of Airflow: send the token that POST /auth/token of Airflow "
        "gives as Authorization: Bearer. Where the session cookie of the browser is used instead, requests that "
        "change something need a header X-Requested-With.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_middleware(Gate)
    for routes in (batch, files, runs, results, comments):
        app.include_router(routes.router, prefix="/api")
    app.include_router(page.router)
    app.mount(STATIC, StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    add_handlers(app)
    return app
