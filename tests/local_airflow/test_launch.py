"""Ports, locks, private files, and the end of processes that try to outlive the launcher."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from include.local_airflow.errors import LaunchFailed
from include.local_airflow.files import Locked, lock, write_once
from include.local_airflow.home import PROJECT
from include.local_airflow.server import PortTaken, free_port, get_json, wait_until

RESTLESS = """
import os, signal, sys, time
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for leave in (lambda: None, os.setpgrp, os.setsid):
    if os.fork() == 0:
        if os.fork() == 0:
            leave()
            Path(sys.argv[1], str(os.getpid())).touch()
            time.sleep(300)
        os._exit(0)
time.sleep(300)
"""

LAUNCH = """
import sys, time
from pathlib import Path
from include.local_airflow.processes import Children, Interrupted, interrupt_by_signals
interrupt_by_signals()
try:
    with Children() as children:
        children.start([sys.executable, "-c", sys.argv[1], sys.argv[2]], {}, Path(sys.argv[3]))
        time.sleep(300)
except Interrupted as interruption:
    sys.exit(interruption.status)
"""


def test_a_free_port_is_the_preferred_one_unless_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        taken = listener.getsockname()[1]
        other = free_port(taken)
        assert other not in (0, taken)
    assert free_port(other) == other


def test_nobody_answers_on_a_closed_port() -> None:
    assert get_json(free_port(), "/") is None


@pytest.mark.parametrize(
    ("said", "raised"), [("OSError: [Errno 98] Address already in use", PortTaken), ("ImportError: x", LaunchFailed)]
)
def test_an_early_end_is_told_apart(tmp_path: Path, said: str, raised: type[Exception]) -> None:
    log = tmp_path / "log"
    log.write_text(said)
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
        with pytest.raises(raised):
            wait_until(lambda: False, [ended], log)


def test_a_start_that_takes_too_long_fails_with_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("last words")
    with pytest.raises(LaunchFailed) as failure:
        wait_until(lambda: False, [], log, seconds=0.1)
    assert "last words" in failure.value.explanation()


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "one"
    with lock(path), pytest.raises(Locked), lock(path, wait=False):
        pass
    with lock(path, wait=False):
        pass


def test_a_private_file_is_written_by_one_of_many(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    threads = [threading.Thread(target=write_once, args=(path, str(i) * 1000)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(path.read_text())) == 1
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform != "linux", reason="orphans that left their session are found on Linux alone")
def test_nothing_outlives_the_launcher_by_leaving_its_group_or_session(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    pids.mkdir()
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCH, RESTLESS, str(pids), str(tmp_path / "log")], cwd=PROJECT)
    deadline = time.monotonic() + 20
    while len(list(pids.iterdir())) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    started = [int(path.name) for path in pids.iterdir()]
    assert len(started) == 3
    launcher.terminate()
    assert launcher.wait(20) == 143
    assert not [pid for pid in started if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
