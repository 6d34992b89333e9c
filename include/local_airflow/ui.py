"""The whole Airflow with its UI, on this machine alone, until it is interrupted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from include.airflow_secrets import USER
from include.local_airflow.database import ui_database
from include.local_airflow.errors import LaunchFailed
from include.local_airflow.files import Locked, lock
from include.local_airflow.home import HOST, Home
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
            port, components = start_components(home, database, logs, preferred_port, children)
            print(f"Airflow is at http://{HOST}:{port}  user: {USER}  password: {home.password}")
            print(f"Logs: {logs}  Ctrl-C ends it.", flush=True)
            _stay(components)
    except Locked:
        raise AlreadyRunning(f"the UI is running already; end it first, its logs are in {logs}") from None


def command(home: Home, arguments: Sequence[str]) -> int:
    """Run a command of Airflow's own on the database of the UI; returns its exit status.

    Raises LaunchFailed.
    """
    home.prepare()
    with Children() as children:
        database = ui_database(home, children)
    environment = home.environment(database, home.logs / "tasks", PORT, _parallelism())
    return subprocess.run([sys.executable, "-m", "airflow", *arguments], env=environment, check=False).returncode


class Components:
    """The processes of Airflow, each with a log of its own."""

    def __init__(self, environment: Mapping[str, str], logs: Path, children: Children) -> None:
        self.environment = environment
        self.logs = logs
        self.children = children
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def log(self, name: str) -> Path:
        """The log of a component."""
        return self.logs / f"{name}.log"

    def start(self, name: str) -> None:
        """Start a component; what it says is added to its log."""
        command = airflow_command(*COMPONENTS[name])
        self.running[name] = self.children.start(command, self.environment, self.log(name))

    def kill(self, name: str) -> None:
        """Kill a component with every process of its session."""
        self.children.end(self.running.pop(name))

    def blame(self) -> LaunchFailed | None:
        """What to say of the first component that has ended."""
        for name, child in self.running.items():
            if child.poll() is not None:
                return LaunchFailed(f"Airflow's {name} ended", self.log(name))
        return None


def start_components(
    home: Home,
    database: Path,
    logs: Path,
    preferred_port: int,
    children: Children,
    names: Iterable[str] = COMPONENTS,
    own: Mapping[str, str] | None = None,
) -> tuple[int, Components]:
    """Start Airflow and wait until it is healthy; returns its port. `own` is added to the environment.

    Raises LaunchFailed.
    """
    for _ in range(PORT_ATTEMPTS):
        port = free_port(preferred_port)
        environment = home.environment(database, home.logs / "tasks", port, _parallelism(), own)
        # A run folder for all runs is for `make run`: here each run has its own.
        environment.pop("COMMENT_ANALYSIS_RUN_FOLDER", None)
        components = Components(environment, logs, children)
        for name in names:
            components.log(name).write_bytes(b"")
            components.start(name)
        try:
            wait_until(partial(_healthy, port), list(components.running.values()), components.log("api-server"))
        except PortTaken:
            for name in tuple(components.running):
                components.kill(name)
            continue
        except LaunchFailed as failure:
            raise components.blame() or failure from None
        return port, components
    raise LaunchFailed("Airflow found no free port", logs / "api-server.log")


def _stay(components: Components) -> None:
    while True:
        if failure := components.blame():
            raise failure
        time.sleep(0.5)


def _healthy(port: int) -> bool:
    health = get_json(port, "/api/v2/monitor/health") or {}
    return all(
        health.get(name, {}).get("status") == "healthy" for name in ("metadatabase", "scheduler", "dag_processor")
    )


def _parallelism() -> int:
    return min(MAX_PARALLELISM, max(2, os.cpu_count() or 2))
