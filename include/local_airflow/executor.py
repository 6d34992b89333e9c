"""Airflow's LocalExecutor, which can always be ended."""

from __future__ import annotations

from airflow.executors.local_executor import LocalExecutor


class EndingLocalExecutor(LocalExecutor):
    """LocalExecutor that ends its workers for certain.

    LocalExecutor tells each living worker to end, but any idle worker may take what was meant for a busy one, and be
    gone before its own turn comes: the busy one is then waited for for ever. Telling more often than there are workers
    does no harm.
    """

    def end(self) -> None:
        for _ in self.workers:
            self.activity_queue.put(None)
        super().end()
