"""Airflow's LocalExecutor, which can always be ended and leaves no task waiting for a worker that is gone."""

from __future__ import annotations

import logging
import multiprocessing
import os
from typing import Any

from airflow.callbacks.base_callback_sink import BaseCallbackSink
from airflow.callbacks.callback_requests import CallbackRequest
from airflow.executors.local_executor import LocalExecutor, _run_worker

log = logging.getLogger(__name__)


class LoggedCallbacks(BaseCallbackSink):
    """Where callbacks of killed tasks go when no DAG processor runs, as in `airflow dags test`: to the log.

    Without a sink the first of them would end the whole run. A scheduler puts its own in this one's place.
    """

    def send(self, callback: CallbackRequest) -> None:
        log.warning("callback not run: %s", callback.msg)


def import_libraries() -> None:
    """Import what each task would import for itself, before the workers are forked that fork the tasks.

    The project's own modules are left to the tasks, which so run the code as it is when they begin.
    """
    import pyarrow as pa
    import pyarrow.compute
    import pyarrow.parquet

    pa.scalar(None)  # with its first value pyarrow imports pandas


class EndingLocalExecutor(LocalExecutor):
    """LocalExecutor that ends its workers for certain, and notices when one is killed.

    LocalExecutor tells each living worker to end, but any idle worker may take what was meant for a busy one, and be
    gone before its own turn comes: the busy one is then waited for for ever. Telling more often than there are workers
    does no harm.

    LocalExecutor does not know which worker has which task. When a worker was killed, the scheduler waits for its task
    for minutes, and `airflow dags test` for ever. Here the task has failed, and is tried again.
    """

    callback_sink: BaseCallbackSink | None = LoggedCallbacks()

    def start(self) -> None:
        self.busy: dict[int, Any] = {}
        import_libraries()
        super().start()

    def end(self) -> None:
        for _ in self.workers:
            self.activity_queue.put(None)
        super().end()

    def _spawn_worker(self) -> None:
        desk = Desk(self.activity_queue, self.result_queue)
        worker = multiprocessing.Process(target=_work, args=(self.log.name, desk, self._unread_messages, self.conf))
        worker.start()
        assert worker.pid
        self.workers[worker.pid] = worker

    def _read_results(self) -> None:
        while not self.result_queue.empty():
            message: Any = self.result_queue.get()
            pid, key, state = message
            if state is None:
                self.busy[pid] = key
            else:
                self.busy.pop(pid, None)
                self.change_state(key, state)

    def _check_workers(self) -> None:
        for pid, worker in self.workers.items():
            if pid in self.busy and not worker.is_alive():
                self.fail(self.busy.pop(pid), info=f"its worker, process {pid}, was killed")
        super()._check_workers()  # type: ignore[no-untyped-call]


class Desk:
    """Both queues of a worker: tells the executor which task the worker has taken, and how that ended."""

    def __init__(self, tasks: Any, results: Any) -> None:
        self.tasks = tasks
        self.results = results

    def get(self) -> Any:
        task = self.tasks.get()
        if task is not None:
            self.results.put((os.getpid(), task.key, None))
        return task

    def put(self, result: Any) -> None:
        key, state, _ = result
        self.results.put((os.getpid(), key, state))


def _work(name: str, desk: Any, unread: Any, configuration: Any) -> None:
    _run_worker(name, desk, desk, unread, configuration)
