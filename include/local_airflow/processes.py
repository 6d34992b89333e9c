"""Starting processes in sessions of their own, and ending every one of them whatever happens.

A task of Airflow leaves the process group of its parent, so that a group does not hold all; a session does.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType

import psutil

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE_SECONDS = 3.0
KILL_SECONDS = 10.0
PR_SET_CHILD_SUBREAPER = 36


class Interrupted(BaseException):
    """The user or the system asked this process to end."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.status = 128 + signum


def interrupt_by_signals() -> None:
    """Let the signals that ask for the end raise Interrupted, once: what cleans up after it is not interrupted."""

    def interrupt(signum: int, frame: FrameType | None) -> None:
        ignore_signals()
        raise Interrupted(signum)

    for number in SIGNALS:
        signal.signal(number, interrupt)


def ignore_signals() -> None:
    """Ignore the signals that ask for the end; the end is near anyway."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


class Children:
    """The Airflow processes of one command; leaving the context ends them and all that they started."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Children:
        _adopt_orphans()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ignore_signals()
        self.end_all(GRACE_SECONDS)

    def start(self, command: Iterable[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Start a command in a session of its own, with its output added to a log file."""
        with log.open("ab") as output:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )
        self._started.append(child)
        return child

    def end(self, child: subprocess.Popen[bytes], grace: float = 0.0) -> None:
        """End a child and every process of its session: SIGTERM, and SIGKILL when the grace is over."""
        _end({child.pid}, grace)
        child.wait()
        self._started.remove(child)

    def end_all(self, grace: float) -> None:
        """End every child, every process of their sessions, and any other descendant of this process."""
        _end({child.pid for child in self._started}, grace, descendants=True)
        for child in self._started:
            child.wait()
        self._started.clear()


def airflow_command(*arguments: str, wait: bool = False) -> list[str]:
    """The command that runs an Airflow command tied to this process (see component.py)."""
    return [sys.executable, "-m", "include.local_airflow.component", *(["--wait"] if wait else []), *arguments]


def release(child: subprocess.Popen[bytes]) -> None:
    """Let a child that was started with `wait` begin."""
    if child.stdin:
        with suppress(BrokenPipeError):
            child.stdin.write(b"\n")
            child.stdin.flush()


def session_members(sessions: set[int]) -> list[psutil.Process]:
    """The living processes of some sessions."""
    found = []
    for pid in psutil.pids():
        with suppress(OSError, psutil.Error):
            if os.getsid(pid) in sessions and (process := psutil.Process(pid)).status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def _end(sessions: set[int], grace: float, descendants: bool = False) -> None:
    members = _living(sessions, descendants)
    if grace > 0:
        _signal(members, signal.SIGTERM)
        deadline = time.monotonic() + grace
        while members and time.monotonic() < deadline:
            time.sleep(0.05)
            members = _living(sessions, descendants)
    deadline = time.monotonic() + KILL_SECONDS
    while members and time.monotonic() < deadline:
        _signal(members, signal.SIGKILL)
        time.sleep(0.02)
        members = _living(sessions, descendants)


def _living(sessions: set[int], descendants: bool) -> list[psutil.Process]:
    members = {process.pid: process for process in session_members(sessions)}
    if descendants:
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE:
                    members[process.pid] = process
    return list(members.values())


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


def _adopt_orphans() -> None:
    """Let orphaned descendants become children of this process, so that they are found (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
