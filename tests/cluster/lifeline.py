"""A server as a child of the tests: `python -m tests.cluster.lifeline [--user NAME] -- COMMAND ...`.

As in include/local_airflow/component.py, standard input is the lifeline: when its other end is closed, by whatever
ended the tests, the server is killed with all that it started.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

import psutil


def main() -> int:
    """Run a command until it ends or the lifeline is cut; returns its exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--user", help="user to run the command as")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    other = {"user": given.user, "group": given.user, "extra_groups": []} if given.user else {}
    child = subprocess.Popen(given.command, stdin=subprocess.DEVNULL, **other)
    threading.Thread(target=follow, args=(child.pid,), daemon=True).start()
    return child.wait()


def follow(pid: int) -> None:
    """Wait until the lifeline is cut."""
    while os.read(0, 1):
        pass
    with suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [*root.children(recursive=True), root]:
            with suppress(psutil.Error):
                process.kill()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
