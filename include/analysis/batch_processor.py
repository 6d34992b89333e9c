"""The whole run without Airflow, in a process pool: the same steps, the same answers."""

from __future__ import annotations

import ctypes
import logging
import multiprocessing
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from include.analysis import pipeline
from include.analysis.configuration import RunConfig, validate
from include.analysis.errors import UserError
from include.analysis.parts import Batch
from include.analysis.processing import Attempt, analyse_batch
from include.analysis.progress import AGGREGATING, ANALYSING, FINISHED, REPORTING, SPLITTING, Progress
from include.analysis.reading import Source, dataframe_source
from include.analysis.registry import loaded_analysis
from include.analysis.run_folder import RunFolder

if TYPE_CHECKING:
    import pandas as pd


log = logging.getLogger(__name__)

RETRIES = 3
WAITING_PER_WORKER = 4
PR_SET_PDEATHSIG = 1
ProgressCallback = Callable[[Progress], None]


@dataclass(frozen=True)
class Job:
    """One analysis of one batch; `retry` counts the tries that failed before."""

    batch: Batch
    analysis: str
    retry: int = 0


class BatchProcessor:
    """Analyses a file or a data frame in `n_workers` processes.

    `batch_size` None: planned from the input. `n_workers` None: one per core. Further keyword arguments are parameters
    of a run (`text_column`, `max_memory_mb`, `sheet`, `encoding`, `delimiter`).
    Raises UserError when an argument is not usable.
    """

    def __init__(self, batch_size: int | None = None, n_workers: int | None = None, **params: Any) -> None:
        self.params = {"batch_size": batch_size, "workers": n_workers, **params}
        validate({**self.params, "input_path": "-"})

    def process_parallel(
        self,
        source: str | Path | pd.DataFrame,
        analyses: Sequence[str] | None = None,
        progress_callback: ProgressCallback | None = None,
        out: str | Path | None = None,
    ) -> dict[str, Any]:
        """Analyse and return the content of `results.json`.

        With `out` the results, the annotated files, the report and the checkpoints are in that folder; without it
        they are made in a temporary one, without a report, and only the returned dictionary stays.
        `progress_callback` is called with a `Progress` whenever more is done.
        Raises UserError when the input cannot be used.
        """
        config = validate({**self.params, "analyses": list(analyses) if analyses is not None else None,
                           "input_path": source if isinstance(source, str | Path) else "-"})  # fmt: skip
        frame = None if isinstance(source, str | Path) else source
        if frame is not None:
            config = replace(config, inputs=())
        folder = Path(out).absolute() if out is not None else Path(tempfile.mkdtemp(prefix="comment-analysis-"))
        run = RunFolder(folder)
        try:
            with run.needs_room():
                return PooledRun(run, config, progress_callback or (lambda _: None)).run(frame, report=out is not None)
        finally:
            if out is None:
                shutil.rmtree(folder, ignore_errors=True)


class PooledRun:
    """One run in a process pool: batches are analysed while the split still writes later ones."""

    def __init__(self, run: RunFolder, config: RunConfig, callback: ProgressCallback) -> None:
        self.folder = run
        self.config = config
        self.callback = callback
        self.pool = self.new_pool()
        self.running: dict[Future[dict[str, Any]], Job] = {}
        self.rows = 0
        self.done = 0
        self.split_is_complete = False

    def run(self, frame: pd.DataFrame | None, report: bool) -> dict[str, Any]:
        try:
            self.report(SPLITTING)
            loaded_analysis.cache_clear()  # this process may live long, and their data files be edited
            pipeline.begin(self.folder, self.config)
            pa.scalar(None)  # makes pyarrow import pandas here once, and not in each worker
            self.pool.submit(int).result()  # the workers start here: with the analyses made, without other threads
            source = self.open(frame)
            with pipeline.recorded_failure(self.folder, "split"):
                for batch in pipeline.split(self.folder, source, max_batches=None):
                    self.rows += len(batch)
                    self.submit(Job(batch, name) for name in self.config.analyses)
                    self.settle(self.config.workers * WAITING_PER_WORKER)
            self.split_is_complete = True
            self.settle(0)
        except BaseException:
            self.kill_workers()
            self.pool.shutdown(wait=True, cancel_futures=True)
            self.folder.remove_unfinished()
            raise
        finally:
            self.pool.shutdown(wait=True, cancel_futures=True)
        self.report(AGGREGATING)
        results = pipeline.aggregate(self.folder)
        if report:
            self.report(REPORTING)
            self.build_report()
        self.report(FINISHED)
        return results

    def build_report(self) -> None:
        """Build what people read; the results stand without it, and the failure is in the run folder."""
        try:
            pipeline.report(self.folder)
        except Exception:
            log.warning("the report was not built", exc_info=True)

    def open(self, frame: pd.DataFrame | None) -> Source | None:
        if frame is None:
            return None
        return dataframe_source(frame, self.config.read_options, pipeline.reserved_columns(self.config))

    def new_pool(self) -> ProcessPoolExecutor:
        # Forked workers have the libraries loaded and need no importable __main__; elsewhere the platform's default.
        method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
        context = multiprocessing.get_context(method)
        return ProcessPoolExecutor(self.config.workers, mp_context=context, initializer=prepare_worker)

    def kill_workers(self) -> None:
        """End the workers in the middle of what they do: what they have finished is on disk."""
        for process in list((getattr(self.pool, "_processes", None) or {}).values()):
            process.kill()

    def submit(self, jobs: Iterable[Job]) -> None:
        for job in jobs:
            try:
                future = self.start(job)
            except BrokenProcessPool:
                self.recover([])
                future = self.start(job)
            self.running[future] = job

    def start(self, job: Job) -> Future[dict[str, Any]]:
        return self.pool.submit(analyse_in_worker, self.folder.path, job.batch, job.analysis, job.retry)

    def settle(self, waiting: int) -> None:
        """Take finished jobs until at most `waiting` are left."""
        while len(self.running) > waiting:
            finished, _ = wait(self.running, return_when=FIRST_COMPLETED)
            ended = [(self.running.pop(future), future.exception()) for future in finished]
            lost = [job for job, error in ended if isinstance(error, BrokenProcessPool)]
            for job, error in ended:
                if job not in lost:
                    self.submit(self.next_try(job, error))
            if lost:
                self.recover(lost)

    def recover(self, lost: Sequence[Job]) -> None:
        """Go on after a worker has died, which ends the whole pool.

        Nobody says which job killed it, so those that had begun are tried again one at a time: a job that kills its
        worker each time uses up its own tries and not those of its neighbours.
        """
        jobs = [*lost, *self.running.values()]
        self.running.clear()
        self.renew_pool()
        for job in filter(self.has_begun, jobs):
            again = self.next_try(job, BrokenProcessPool("its worker process died"))
            while again:
                error = self.start(again[0]).exception()
                if isinstance(error, BrokenProcessPool):
                    self.renew_pool()
                again = self.next_try(again[0], error)
        self.submit(job for job in jobs if not self.has_begun(job))

    def renew_pool(self) -> None:
        self.pool.shutdown(wait=False, cancel_futures=True)
        self.pool = self.new_pool()

    def has_begun(self, job: Job) -> bool:
        return Attempt.path(self.folder, job.analysis, job.batch.index, job.retry + 1).exists()

    def next_try(self, job: Job, error: BaseException | None) -> list[Job]:
        """The job to do next when one has ended: none, or the same again."""
        if isinstance(error, UserError):
            raise error
        if error is not None and job.retry < RETRIES:
            log.warning("%s of %s is tried again: %s", job.analysis, job.batch.label, error or type(error).__name__)
            return [replace(job, retry=job.retry + 1)]
        if error is not None:
            log.error("%s of %s has failed: %s", job.analysis, job.batch.label, error or type(error).__name__)
        self.done += len(job.batch)
        self.report(ANALYSING)
        return []

    def report(self, phase: str) -> None:
        total = self.rows * len(self.config.analyses) if self.split_is_complete else None
        self.callback(Progress(phase, self.done, total, self.rows if self.split_is_complete else None))


def prepare_worker() -> None:
    """Leave interrupts to the parent, and never outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def analyse_in_worker(folder: Path, batch: Batch, name: str, retry: int) -> dict[str, Any]:
    """What a worker process does for a job."""
    return analyse_batch(RunFolder(folder), batch, name, retry, number=retry + 1)
