"""The executor ends, also when an idle worker takes the message that was meant for a busy one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from include.local_airflow.home import PROJECT, Home

END_WITH_A_BUSY_WORKER = """
import sys, time
from airflow.executors.base_executor import BaseExecutor
from include.local_airflow.executor import EndingLocalExecutor

class Work:
    running_state, success_state, failure_state, key, display_name = None, "success", "failed", ("work",), "work"

class SlowQueue:
    def __init__(self, queue):
        self.queue = queue
    def __getattr__(self, name):
        return getattr(self.queue, name)
    def put(self, message):
        self.queue.put(message)
        time.sleep(0.1)  # time for an idle worker to take it and be gone

BaseExecutor.run_workload = staticmethod(lambda *args, **kwargs: time.sleep(1))
executor = EndingLocalExecutor(parallelism=2)
executor.start()
executor._read_results = lambda: None
executor.activity_queue = SlowQueue(executor.activity_queue)
executor.activity_queue.put(Work())
executor.end()
print("ended")
"""


def test_no_worker_is_waited_for_in_vain(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    command = [sys.executable, "-c", END_WITH_A_BUSY_WORKER]
    environment = home.environment(home.path / "none.db", home.logs, port=1, parallelism=2)
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, start_new_session=True, text=True
    ) as process:
        try:
            out, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            pytest.fail("the executor never ended")
    assert out.endswith("ended\n")
