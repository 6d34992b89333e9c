"""The API server, which tasks and the UI talk to: a free port for it, and whether it answers."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from include.local_airflow.errors import LaunchFailed, tail
from include.local_airflow.home import HOST

START_SECONDS = 180.0
POLL_SECONDS = 0.1


class PortTaken(Exception):
    """Something else took the port before the server did."""


def free_port(preferred: int = 0) -> int:
    """A port that nothing listens on: the preferred one when it is free."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError(f"no free port on {HOST}")


def get_json(port: int, path: str, timeout: float = 30.0) -> dict[str, Any] | None:
    """What the server answers to a GET, or None when it does not answer well."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
        answer = json.loads(body) if response.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return answer if isinstance(answer, dict) else None


def wait_until(
    ready: Callable[[], bool], processes: list[subprocess.Popen[bytes]], log: Path, seconds: float = START_SECONDS
) -> None:
    """Wait until Airflow is ready.

    Raises PortTaken, or LaunchFailed when a process ends before or the time is over.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if any(process.poll() is not None for process in processes):
            if "address already in use" in tail(log).lower():
                raise PortTaken
            raise LaunchFailed("Airflow ended while it started", log)
        if time.monotonic() > deadline:
            raise LaunchFailed(f"Airflow was not ready within {seconds:.0f} seconds", log)
        time.sleep(POLL_SECONDS)
