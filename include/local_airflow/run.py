"""One run of the DAG by one command: an API server on a free port, `airflow dags test`, and the progress meanwhile."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from include.local_airflow.database import copy, remove, template
from include.local_airflow.errors import LaunchFailed
from include.local_airflow.files import Locked, lock
from include.local_airflow.home import HOST, Home
from include.local_airflow.outcome import Outcome, read_outcome
from include.local_airflow.processes import Children, airflow_command, release
from include.local_airflow.server import PortTaken, free_port, get_json, wait_until

DAG_ID = "comment_analysis"
PORT_ATTEMPTS = 3
POLL_SECONDS = 0.25
KEPT_LOGS = 20


class OutputInUse(Exception):
    """Another run is writing to the same folder."""


@dataclass(frozen=True)
class Request:
    """What to run: the DAG's conf, the folder for the results, and how many tasks at once."""

    conf: Mapping[str, Any]
    folder: Path
    parallelism: int


@dataclass(frozen=True)
class Airflow:
    """The two processes of a run."""

    server: subprocess.Popen[bytes]
    dag: subprocess.Popen[bytes]


def run(request: Request, home: Home) -> Outcome:
    """Run the DAG once, with the progress on stderr.

    Raises LaunchFailed, or OutputInUse.
    """
    home.prepare()
    _forget_old_logs(home.logs)
    log = home.logs / f"run-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    key = hashlib.sha256(os.fsencode(request.folder)).hexdigest()[:16]
    try:
        with lock(home.path / "locks" / key, wait=False):
            return _run(request, home, log)
    except Locked:
        raise OutputInUse(f"another run is writing to {request.folder}; wait for it, or name another folder") from None


def _run(request: Request, home: Home, log: Path) -> Outcome:
    database = home.path / f"{log.stem}.db"
    began = time.time_ns()
    try:
        with Children() as children:
            print("Starting Airflow", file=sys.stderr, flush=True)
            copy(template(home, children), database)
            airflow = start(request, home, database, log, children)
            status = _follow(airflow, request.folder, began, log)
            children.end(airflow.server)
    finally:
        remove(database)
    return read_outcome(request.folder, began, status, log)


def start(request: Request, home: Home, database: Path, log: Path, children: Children) -> Airflow:
    """Start both processes at once: each takes seconds to load, and the DAG's waits until the server answers."""
    for _ in range(PORT_ATTEMPTS):
        port = free_port()
        environment = home.environment(
            database,
            log.with_suffix(""),
            port,
            request.parallelism,
            own={"COMMENT_ANALYSIS_RUN_FOLDER": str(request.folder)},
        )
        server = airflow_command("api-server", "--apps", "execution", "--host", HOST, "--port", str(port))
        conf = json.dumps(request.conf)
        dag = airflow_command("dags", "test", DAG_ID, "--use-executor", "--conf", conf, wait=True)
        airflow = Airflow(children.start(server, environment, log), children.start(dag, environment, log))
        try:
            wait_until(partial(_healthy, port), [airflow.server, airflow.dag], log)
        except PortTaken:
            children.end(airflow.server)
            children.end(airflow.dag)
            continue
        release(airflow.dag)
        return airflow
    raise LaunchFailed("Airflow found no free port", log)


def _healthy(port: int) -> bool:
    return get_json(port, "/execution/health") is not None


def _follow(airflow: Airflow, folder: Path, began: int, log: Path) -> int:
    """Show the progress until the DAG run has ended; returns the exit status of its process.

    Raises LaunchFailed when the API server ends before.
    """
    from include.analysis.progress import ANALYSING, ProgressTracker, read_progress

    tracker, phase = ProgressTracker(), ""
    try:
        while (status := airflow.dag.poll()) is None:
            if airflow.server.poll() is not None:
                raise LaunchFailed("Airflow's API server ended before the run did", log)
            if _written_since(folder / "run.json", began):
                progress = read_progress(folder)
                if progress.phase == ANALYSING != phase:
                    tracker.close()
                    tracker = ProgressTracker()
                phase = progress.phase
                tracker.update(progress)
            time.sleep(POLL_SECONDS)
    finally:
        tracker.close()
    return status


def _written_since(path: Path, began: int) -> bool:
    try:
        return path.stat().st_mtime_ns >= began
    except OSError:
        return False


def _forget_old_logs(logs: Path) -> None:
    """Keep the logs of the newest runs alone: the log of the command, and the folder of the tasks' logs beside it."""
    for log in sorted(logs.glob("run-*.log"))[: -KEPT_LOGS + 1]:
        with suppress(OSError):
            log.unlink()
        shutil.rmtree(log.with_suffix(""), ignore_errors=True)
