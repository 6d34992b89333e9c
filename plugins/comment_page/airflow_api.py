"""Airflow's public REST API, asked as the caller of a request.

It is asked inside this process: the request goes to the very application that this one is mounted in, with the caller's
own token or cookie. So Airflow itself checks what the caller may do and keeps its audit log, a run started here is like
any other, and nothing has to be known of addresses, proxies and certificates, as a request over the network would need.
Airflow's Python functions for the same are internal and change; its public API does not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import httpx
from fastapi import Depends, HTTPException, Request

from comment_page.access import DAG_ID

HOST = "http://airflow.internal"
"""A request must name one; nothing is sent there."""
ROOT = f"/api/v2/dags/{DAG_ID}"
PASSED_ON = ("authorization", "cookie")
TOLD_AS = {401: 401, 403: 403, 404: 404, 409: 409}


class AirflowError(HTTPException):
    """Airflow has refused what it was asked."""


class AirflowApi:
    """Airflow, for one caller."""

    def __init__(self, request: Request) -> None:
        from comment_page.application import AIRFLOW

        # No client around it: that would keep the cookies of one caller for the next.
        self.transport = httpx.ASGITransport(request.scope[AIRFLOW], raise_app_exceptions=False)
        self.headers = {name: request.headers[name] for name in PASSED_ON if name in request.headers}

    async def call(self, method: str, path: str, body: Any = None, params: Mapping[str, Any] | None = None) -> Any:
        """What Airflow answers; raises AirflowError."""
        request = httpx.Request(
            method, f"{HOST}{ROOT}{path}", headers=self.headers, json=body, params=dict(params or {})
        )
        response = await self.transport.handle_async_request(request)
        content = await response.aread()
        if response.status_code >= 300:
            raise AirflowError(TOLD_AS.get(response.status_code, 400), _detail(content, response.status_code))
        return json.loads(content)

    async def runs(self, limit: int, offset: int, states: list[str] | None = None) -> dict[str, Any]:
        """A page of runs, the newest first, and how many there are."""
        params = {"limit": limit, "offset": offset, "order_by": "-run_after", **({"state": states} if states else {})}
        found: dict[str, Any] = await self.call("GET", "/dagRuns", params=params)
        return found

    async def run(self, run_id: str) -> dict[str, Any]:
        """One run."""
        found: dict[str, Any] = await self.call("GET", f"/dagRuns/{quote(run_id, safe='')}")
        return found

    async def run_if_any(self, run_id: str) -> dict[str, Any] | None:
        """One run, None when there is none of this id."""
        try:
            return await self.run(run_id)
        except AirflowError as error:
            if error.status_code == 404:
                return None
            raise

    async def start(self, run_id: str, conf: Mapping[str, Any]) -> dict[str, Any]:
        """Start a run of no particular day."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(conf)}
        found: dict[str, Any] = await self.call("POST", "/dagRuns", body)
        return found

    async def fail(self, run_id: str, note: str) -> dict[str, Any]:
        """End a run and its tasks."""
        path = f"/dagRuns/{quote(run_id, safe='')}"
        found: dict[str, Any] = await self.call("PATCH", path, {"state": "failed", "note": note})
        return found


def _detail(content: bytes, status: int) -> str:
    if status == 404:
        return "there is no such job"
    try:
        detail = json.loads(content)["detail"]
    except (ValueError, KeyError, TypeError):
        return f"Airflow refused the request ({status})"
    return detail if isinstance(detail, str) else f"Airflow refused the request ({status})"


Airflow = Annotated[AirflowApi, Depends(AirflowApi)]
