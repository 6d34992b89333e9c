"""An Airflow command as a child of the launcher: `python -m include.local_airflow.component [--wait] dags test ...`.

Standard input is the lifeline: when its other end is closed, by whatever ended the launcher, every process of this
session is killed. With --wait the command is made ready and begins when a byte comes down the lifeline.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress

from include.local_airflow.processes import session_members

DAG_TEST_MODULES = (
    "airflow.cli.commands.dag_command",
    "airflow.dag_processing.dagbag",
    "airflow.executors.local_executor",
    "airflow.jobs.scheduler_job_runner",
    "airflow.sdk.execution_time.task_runner",
)


def main(arguments: list[str]) -> None:
    """Run an Airflow command, tied to the launcher."""
    wait, command = arguments[:1] == ["--wait"], [a for a in arguments if a != "--wait"]
    sys.argv = ["airflow", *command]
    if command == ["api-server"]:
        importlib.import_module("include.local_airflow.audit_log").write_in_threads()
    begin = threading.Event()
    threading.Thread(target=_follow, args=(_take_standard_input(), begin), daemon=True).start()
    if wait:
        for name in DAG_TEST_MODULES:
            importlib.import_module(name)
        importlib.import_module("include.local_airflow.executor").import_libraries()
        logging.getLogger("airflow.sdk.definitions.dag").addFilter(_is_no_list_of_waiting_tasks)
        begin.wait()
    os._exit(_run())


def _run() -> int:
    """Run the Airflow command that `sys.argv` holds, and end what it has left running.

    An ordinary exit would wait for the workers of an executor, and when the command has failed nobody ends those.
    """
    status = 1
    try:
        importlib.import_module("airflow.__main__").main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    _kill_others()
    return status


def _is_no_list_of_waiting_tasks(record: logging.LogRecord) -> bool:
    """`dags test` logs every task that waits, every second: hundreds of megabytes for thousands of tasks."""
    return not str(record.msg).startswith("No tasks to run")


def _take_standard_input() -> int:
    """Move standard input to a descriptor of our own, and give Airflow an empty one."""
    lifeline, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return lifeline


def _follow(lifeline: int, begin: threading.Event) -> None:
    while os.read(lifeline, 1):
        begin.set()
    _kill_others()
    os.kill(os.getpid(), signal.SIGKILL)


def _kill_others() -> None:
    for process in session_members({os.getpid()}):
        if process.pid != os.getpid():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
