"""Airflow's LocalExecutor, which can always be ended."""

from __future__ import annotations

import logging

from airflow.callbacks.base_callback_sink import BaseCallbackSink
from airflow.callbacks.callback_requests import CallbackRequest
from airflow.executors.local_executor import LocalExecutor

log = logging.getLogger(__name__)


class LoggedCallbacks(BaseCallbackSink):
    """Where callbacks of killed tasks go when no DAG processor runs, as in `airflow dags test`: to the log.

    Without a sink the first of them would end the whole run. A scheduler puts its own in this one's place.
    """

    def send(self, callback: CallbackRequest) -> None:
        log.warning("callback not run: %s", callback.msg)


class EndingLocalExecutor(LocalExecutor):
    """LocalExecutor that ends its workers for certain.

    LocalExecutor tells each living worker to end, but any idle worker may take what was meant for a busy one, and be
    gone before its own turn comes: the busy one is then waited for for ever. Telling more often than there are workers
    does no harm.
    """

    callback_sink: BaseCallbackSink | None = LoggedCallbacks()

    def end(self) -> None:
        for _ in self.workers:
            self.activity_queue.put(None)
        super().end()
