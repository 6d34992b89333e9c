"""The whole Airflow with its UI, on this machine alone, until it is interrupted."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from include.local_airflow.database import ui_database
from include.local_airflow.errors import LaunchFailed
from include.local_airflow.files import Locked, lock
from include.local_airflow.home import HOST, USER, Home
from include.local_airflow.processes import Children, airflow_command
from include.local_airflow.server import PortTaken, free_port, get_json, wait_until

PORT = 8080
PORT_ATTEMPTS = 3
MAX_PARALLELISM = 4
"""SQLite takes one writer at a time; more tasks at once only wait for each other."""
COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


class AlreadyRunning(Exception):
    """The UI of this home is running."""


def serve(home: Home, preferred_port: int = PORT) -> None:
    """Run Airflow, print its address and login when it is ready, and stay until interrupted.

    Raises AlreadyRunning, or LaunchFailed when a component ends.
    """
    home.prepare()
    logs = home.logs / "ui"
    logs.mkdir(exist_ok=True)
    try:
        with lock(home.path / "ui.lock", wait=False), Children() as children:
            print("Starting Airflow ...", flush=True)
            database = ui_database(home, children)
            port, started = _start(home, database, logs, preferred_port, children)
            print(f"Airflow is at http://{HOST}:{port}  user: {USER}  password: {home.password}")
            print(f"Logs: {logs}  Ctrl-C ends it.", flush=True)
            _stay(started, logs)
    except Locked:
        raise AlreadyRunning(f"the UI is running already; end it first, its logs are in {logs}") from None


def _start(
    home: Home, database: Path, logs: Path, preferred_port: int, children: Children
) -> tuple[int, dict[str, subprocess.Popen[bytes]]]:
    for _ in range(PORT_ATTEMPTS):
        port = free_port(preferred_port)
        environment = home.environment(database, home.logs / "tasks", port, _parallelism())
        # A run folder for all runs is for `make run`: here each run has its own.
        environment.pop("COMMENT_ANALYSIS_RUN_FOLDER", None)
        for name in COMPONENTS:
            _log(logs, name).write_bytes(b"")
        started = {
            name: children.start(airflow_command(*command), environment, _log(logs, name))
            for name, command in COMPONENTS.items()
        }
        try:
            wait_until(partial(_healthy, port), list(started.values()), _log(logs, "api-server"))
        except PortTaken:
            for child in started.values():
                children.end(child)
            continue
        except LaunchFailed as failure:
            raise _blame(started, logs) or failure from None
        return port, started
    raise LaunchFailed("Airflow found no free port", _log(logs, "api-server"))


def _stay(started: dict[str, subprocess.Popen[bytes]], logs: Path) -> None:
    while True:
        if failure := _blame(started, logs):
            raise failure
        time.sleep(0.5)


def _blame(started: dict[str, subprocess.Popen[bytes]], logs: Path) -> LaunchFailed | None:
    for name, child in started.items():
        if child.poll() is not None:
            return LaunchFailed(f"Airflow's {name} ended", _log(logs, name))
    return None


def _healthy(port: int) -> bool:
    health = get_json(port, "/api/v2/monitor/health") or {}
    return all(
        health.get(name, {}).get("status") == "healthy" for name in ("metadatabase", "scheduler", "dag_processor")
    )


def _parallelism() -> int:
    return min(MAX_PARALLELISM, max(2, os.cpu_count() or 2))


def _log(logs: Path, name: str) -> Path:
    return logs / f"{name}.log"
