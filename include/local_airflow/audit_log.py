"""Airflow's audit log on SQLite: written in a thread, where it can wait for the lock.

Airflow writes who asked for what on the thread of the API server's event loop. SQLite lets one connection write at a
time. When another request of the same server holds the lock, and its transaction is to be ended by that very event
loop, each waits for the other: the whole server stands still until SQLite gives up, and answers "Database error".
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


def write_in_threads() -> None:
    """Have every route of Airflow's API write its audit log in a thread; before the routes are imported."""
    from airflow.api_fastapi.logging import decorators

    decorators.action_logging = _in_threads(decorators.action_logging)


def _in_threads(action_logging: Callable[..., Any]) -> Callable[..., Any]:
    from fastapi import Request
    from fastapi.concurrency import run_in_threadpool

    def dependency(event: str | None = None) -> Any:
        log_action = action_logging(event)

        async def log_in_thread(request: Request, session: Any, user: Any) -> None:
            await request.body()  # kept by the request: the thread has an event loop of its own, and finds it there
            await run_in_threadpool(asyncio.run, log_action(request=request, session=session, user=user))

        log_in_thread.__signature__ = inspect.signature(log_action, eval_str=True)  # type: ignore[attr-defined]
        return log_in_thread

    return dependency
